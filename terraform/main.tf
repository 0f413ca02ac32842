data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.id

  # <project>-<environment>-<purpose>-<account>-<region>: bucket names must be unique worldwide, and role names in all
  # regions of an account. The validation of var.project keeps them within 63 characters.
  prefix = "${var.project}-${var.environment}"
  suffix = "${local.account_id}-${local.region}"

  bucket_names = {
    for purpose in ["data", "models", "checkpoints"] :
    purpose => lookup(var.existing_buckets, purpose, "${local.prefix}-${purpose}-${local.suffix}")
  }
  repository_name = "${local.prefix}-trainer"

  # ARNs are built from names, so that a plan contains the whole policies and they can be reviewed.
  bucket_arns = { for purpose, name in local.bucket_names : purpose => "arn:${local.partition}:s3:::${name}" }
  repository_arn = coalesce(
    var.existing_repository_arn,
    "arn:${local.partition}:ecr:${local.region}:${local.account_id}:repository/${local.repository_name}",
  )
  role_name = "${var.role_name_prefix}${local.prefix}-training-${local.suffix}"
  role_arn  = coalesce(var.existing_role_arn, "arn:${local.partition}:iam::${local.account_id}:role${var.role_path}${local.role_name}")

  # An object, because a plan must know whether there is a key before it knows the key's ARN.
  given_key = var.kms_key_arn == null ? null : { arn = var.kms_key_arn }
  kms_key   = var.create_kms_key ? { arn = module.encryption[0].arn } : local.given_key

  given_network   = length(var.subnet_ids) == 0 ? null : { subnet_ids = var.subnet_ids, security_group_ids = var.security_group_ids }
  created_network = { subnet_ids = flatten(module.network[*].subnet_ids), security_group_ids = flatten(module.network[*].security_group_ids) }
  network         = var.create_network ? local.created_network : local.given_network
}

module "encryption" {
  source = "./modules/encryption"
  count  = var.create_kms_key ? 1 : 0

  description        = "Data, models and images of ${local.prefix}"
  role_arn           = local.role_arn
  administrator_arns = var.key_administrator_arns
}

module "network" {
  source = "./modules/network"
  count  = var.create_network ? 1 : 0

  name       = local.prefix
  cidr_block = var.network_cidr_block
}

data "aws_subnet" "given" {
  for_each = toset(var.vpc_id == null ? [] : var.subnet_ids)

  id = each.value

  lifecycle {
    postcondition {
      condition     = self.vpc_id == var.vpc_id
      error_message = "The subnet ${self.id} of subnet_ids belongs to ${self.vpc_id}, not to vpc_id, ${var.vpc_id}."
    }
  }
}

data "aws_security_group" "given" {
  for_each = toset(var.vpc_id == null ? [] : var.security_group_ids)

  id = each.value

  lifecycle {
    postcondition {
      condition     = self.vpc_id == var.vpc_id
      error_message = "The security group ${self.id} of security_group_ids belongs to ${self.vpc_id}, not to vpc_id, ${var.vpc_id}."
    }
  }
}

module "registry" {
  source = "./modules/registry"
  count  = var.existing_repository_arn == null ? 1 : 0

  name         = local.repository_name
  kept_images  = var.kept_images
  kms_key      = local.kms_key
  force_delete = var.force_delete
}

moved {
  from = module.registry
  to   = module.registry[0]
}

# Its URL.
data "aws_ecr_repository" "existing" {
  count = var.existing_repository_arn == null ? 0 : 1

  name        = split(":repository/", local.repository_arn)[1]
  registry_id = split(":", local.repository_arn)[4]
}

module "access_logs" {
  source = "./modules/access_logs"
  count  = var.access_logs ? 1 : 0

  name               = "${local.prefix}-access-logs-${local.suffix}"
  source_bucket_arns = [for purpose, arn in local.bucket_arns : arn if !contains(keys(var.existing_buckets), purpose)]
  days               = var.access_log_days
  protect            = var.protect
  force_destroy      = var.force_destroy
}

module "buckets" {
  source = "./modules/buckets"

  data_name        = local.bucket_names["data"]
  models_name      = local.bucket_names["models"]
  checkpoints_name = local.bucket_names["checkpoints"]
  existing         = keys(var.existing_buckets)
  old_version_days = var.old_version_days
  checkpoint_days  = var.checkpoint_days
  kms_key          = local.kms_key
  access_logs      = var.access_logs ? { bucket = module.access_logs[0].name } : null
  protect          = var.protect
  force_destroy    = var.force_destroy
}

module "training_role" {
  source = "./modules/training_role"
  count  = var.existing_role_arn == null ? 1 : 0

  name                     = local.role_name
  path                     = var.role_path
  data_bucket_arn          = local.bucket_arns["data"]
  models_bucket_arn        = local.bucket_arns["models"]
  checkpoints_bucket_arn   = local.bucket_arns["checkpoints"]
  repository_arn           = local.repository_arn
  may_create_log_group     = !var.manage_log_group
  permissions_boundary_arn = var.permissions_boundary_arn
  extra_data_arns          = var.extra_data_arns
  extra_repository_arns    = var.extra_repository_arns
  extra_policy_arns        = var.extra_policy_arns
  kms_key                  = local.kms_key
  network                  = local.network
}

# Every training job of the account and region writes here, also those of other projects. So the stack owns the group
# only on request, and removing the stack keeps it.
resource "aws_cloudwatch_log_group" "training_jobs" {
  count = var.manage_log_group ? 1 : 0

  name              = "/aws/sagemaker/TrainingJobs"
  retention_in_days = 365
  skip_destroy      = true
}
