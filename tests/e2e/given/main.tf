# What a platform team has made with a root of its own, and gives to a stack: tests/e2e/test_account.py. Its rules: roles are
# below a path, with a prefix and a boundary, and everything has the tag CostCenter.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {
  default_tags {
    tags = { CostCenter = "platform" }
  }
}

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

locals {
  account_id   = data.aws_caller_identity.current.account_id
  region       = data.aws_region.current.id
  bucket_names = { for purpose in ["data", "models", "checkpoints"] : purpose => "platform-${purpose}" }
  bucket_arns  = { for purpose, name in local.bucket_names : purpose => "arn:aws:s3:::${name}" }
  role_path    = "/platform/ml/"
  role_name    = "ml-training"
  repository   = "platform/training"
}

# Of the three, only `models` is as a stack would make it.
resource "aws_s3_bucket" "this" {
  for_each = local.bucket_names

  bucket        = each.value
  force_destroy = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.bucket

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = module.encryption.arn
    }

    bucket_key_enabled = true
  }
}

resource "aws_s3_bucket_versioning" "models" {
  bucket = aws_s3_bucket.this["models"].bucket

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = toset(["models", "checkpoints"])

  bucket                  = aws_s3_bucket.this[each.key].bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "models" {
  bucket = aws_s3_bucket.this["models"].bucket

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [local.bucket_arns["models"], "${local.bucket_arns["models"]}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

module "encryption" {
  source = "../../../terraform/modules/encryption"

  description = "Training"
  role_arn    = "arn:aws:iam::${local.account_id}:role${local.role_path}${local.role_name}"
}

module "registry" {
  source = "../../../terraform/modules/registry"

  name    = local.repository
  kms_key = { arn = module.encryption.arn }
}

resource "aws_vpc" "this" {
  cidr_block = "10.20.0.0/16"
}

resource "aws_subnet" "this" {
  count = 2

  vpc_id     = aws_vpc.this.id
  cidr_block = cidrsubnet(aws_vpc.this.cidr_block, 4, count.index)
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id          = aws_vpc.this.id
  service_name    = "com.amazonaws.${local.region}.s3"
  route_table_ids = [aws_vpc.this.main_route_table_id]
}

resource "aws_security_group" "jobs" {
  name        = "platform-jobs"
  description = "Training jobs"
  vpc_id      = aws_vpc.this.id
}

resource "aws_iam_policy" "boundary" {
  name = "platform-boundary"
  path = local.role_path

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["cloudwatch:*", "ec2:*", "ecr:*", "kms:*", "logs:*", "s3:*"]
      Resource = "*"
    }]
  })
}

module "training_role" {
  source = "../../../terraform/modules/training_role"

  name                     = local.role_name
  path                     = local.role_path
  permissions_boundary_arn = aws_iam_policy.boundary.arn
  data_bucket_arn          = local.bucket_arns["data"]
  models_bucket_arn        = local.bucket_arns["models"]
  checkpoints_bucket_arn   = local.bucket_arns["checkpoints"]
  repository_arn           = "arn:aws:ecr:${local.region}:${local.account_id}:repository/${local.repository}"
  kms_key                  = { arn = module.encryption.arn }
  network                  = { subnet_ids = aws_subnet.this[*].id, security_group_ids = [aws_security_group.jobs.id] }
}

# The stack's variables.

output "kms_key_arn" {
  value = module.encryption.arn
}

output "vpc_id" {
  value = aws_vpc.this.id
}

output "subnet_ids" {
  value = aws_subnet.this[*].id
}

output "security_group_ids" {
  value = [aws_security_group.jobs.id]
}

output "existing_buckets" {
  value = local.bucket_names
}

output "existing_repository_arn" {
  value = module.registry.arn
}

output "existing_role_arn" {
  value = module.training_role.arn
}
