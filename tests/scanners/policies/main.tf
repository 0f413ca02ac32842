# The training role and the policies of people, without options and with all: a plan contains each policy as a whole.
# And the modules in a root of one's own, so that one plan serves all scanners.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

locals {
  bucket_arns = { for purpose in ["data", "models", "checkpoints"] : purpose => "arn:aws:s3:::the-${purpose}" }
  key_arn     = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  repository  = "arn:aws:ecr:us-east-1:123456789012:repository/the-trainer"
  role_arn    = "arn:aws:iam::123456789012:role/the-role"
}

module "role" {
  source = "../../../terraform/modules/training_role"

  name                   = "plain"
  data_bucket_arn        = local.bucket_arns["data"]
  models_bucket_arn      = local.bucket_arns["models"]
  checkpoints_bucket_arn = local.bucket_arns["checkpoints"]
  repository_arn         = local.repository
}

module "role_with_options" {
  source = "../../../terraform/modules/training_role"

  name                   = "options"
  data_bucket_arn        = local.bucket_arns["data"]
  models_bucket_arn      = local.bucket_arns["models"]
  checkpoints_bucket_arn = local.bucket_arns["checkpoints"]
  repository_arn         = local.repository
  extra_data_arns        = ["arn:aws:s3:::more", "arn:aws:s3:::other/images/*"]
  extra_repository_arns  = ["arn:aws:ecr:us-east-1:123456789012:repository/more"]
  kms_key                = { arn = local.key_arn }
  network                = { subnet_ids = ["subnet-0a"], security_group_ids = ["sg-0a"] }
}

module "people" {
  source = "../../../terraform/modules/people"

  name                     = "the-stack"
  environment              = "dev"
  role_arn                 = local.role_arn
  repository_arn           = local.repository
  data_bucket_arn          = local.bucket_arns["data"]
  models_bucket_arn        = local.bucket_arns["models"]
  checkpoints_bucket_arn   = local.bucket_arns["checkpoints"]
  bucket_arns              = values(local.bucket_arns)
  permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
  extra_policy_arns        = ["arn:aws:iam::123456789012:policy/more"]
  kms_key_arn              = local.key_arn
  create_kms_key           = true
  create_network           = true
  manage_log_group         = true
  stack_tags               = { Project = "the-project", Environment = "dev" }
}

module "own_root" {
  source = "../../../terraform/examples/own_root"
}
