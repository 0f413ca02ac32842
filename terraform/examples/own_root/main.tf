# The stack's modules in a root of your own: encrypted with a key, in a network of their own, with access logs.

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

data "aws_region" "current" {}

locals {
  suffix      = "${data.aws_caller_identity.current.account_id}-${data.aws_region.current.id}"
  data        = "digits-data-${local.suffix}"
  models      = "digits-models-${local.suffix}"
  checkpoints = "digits-checkpoints-${local.suffix}"
  role_arn    = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:role/digits-training"

  # ARNs that are built from names make the role's policy a part of the plan.
  repository_arn = "arn:aws:ecr:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:repository/digits"
}

module "encryption" {
  source = "../../modules/encryption"

  description = "Data, models and images of digits"
  role_arn    = local.role_arn
}

module "network" {
  source = "../../modules/network"

  name = "digits"
}

module "registry" {
  source = "../../modules/registry"

  name    = "digits"
  kms_key = { arn = module.encryption.arn }
}

module "access_logs" {
  source = "../../modules/access_logs"

  name               = "digits-access-logs-${local.suffix}"
  source_bucket_arns = [for name in [local.data, local.models, local.checkpoints] : "arn:aws:s3:::${name}"]
}

module "buckets" {
  source = "../../modules/buckets"

  data_name        = local.data
  models_name      = local.models
  checkpoints_name = local.checkpoints
  kms_key          = { arn = module.encryption.arn }
  access_logs      = { bucket = module.access_logs.name }
}

module "training_role" {
  source = "../../modules/training_role"

  name                   = "digits-training"
  data_bucket_arn        = "arn:aws:s3:::${local.data}"
  models_bucket_arn      = "arn:aws:s3:::${local.models}"
  checkpoints_bucket_arn = "arn:aws:s3:::${local.checkpoints}"
  repository_arn         = local.repository_arn
  kms_key                = { arn = module.encryption.arn }
  network = {
    subnet_ids         = module.network.subnet_ids
    security_group_ids = module.network.security_group_ids
  }
}
