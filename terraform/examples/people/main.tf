# The policies for the people of one stack. An administrator of the account applies this root, with a state of its own:
#   terraform init && terraform apply -var environment=dev

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
  }
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.id
  prefix     = "${var.project}-${var.environment}"
  suffix     = "${local.account_id}-${local.region}"

  # The names that the stack gives.
  bucket_arns = {
    for purpose in ["data", "models", "checkpoints", "access-logs"] :
    purpose => "arn:${local.partition}:s3:::${local.prefix}-${purpose}-${local.suffix}"
  }
}

module "people" {
  source = "../../modules/people"

  name                     = local.prefix
  environment              = var.environment
  role_arn                 = "arn:${local.partition}:iam::${local.account_id}:role${var.role_path}${var.role_name_prefix}${local.prefix}-training-${local.suffix}"
  repository_arn           = "arn:${local.partition}:ecr:${local.region}:${local.account_id}:repository/${local.prefix}-trainer"
  data_bucket_arn          = local.bucket_arns["data"]
  models_bucket_arn        = local.bucket_arns["models"]
  checkpoints_bucket_arn   = local.bucket_arns["checkpoints"]
  bucket_arns              = values(local.bucket_arns)
  permissions_boundary_arn = var.permissions_boundary_arn
  kms_key_arn              = var.kms_key_arn
  create_kms_key           = var.create_kms_key
  create_network           = var.create_network
  vpc_id                   = var.vpc_id
  manage_log_group         = var.manage_log_group
  stack_tags               = { Project = var.project, Environment = var.environment }
}
