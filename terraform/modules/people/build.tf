# What `make plan`, `infra` and `destroy` call.

locals {
  bucket_settings = [
    "s3:GetAccelerateConfiguration", "s3:GetBucketAcl", "s3:GetBucketCORS", "s3:GetBucketLocation",
    "s3:GetBucketLogging", "s3:GetBucketObjectLockConfiguration", "s3:GetBucketPolicy",
    "s3:GetBucketPublicAccessBlock", "s3:GetBucketRequestPayment", "s3:GetBucketTagging", "s3:GetBucketVersioning",
    "s3:GetBucketWebsite", "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration",
    "s3:GetReplicationConfiguration", "s3:ListBucket", "s3:ListBucketVersions",
  ]
  bucket_changes = [
    "s3:CreateBucket", "s3:PutBucketLogging", "s3:PutBucketPolicy", "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketTagging", "s3:PutBucketVersioning", "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration",
  ]
}

data "aws_iam_policy_document" "build" {
  # The state bucket cannot be deleted with these rights.
  statement {
    sid       = "ManageBuckets"
    actions   = concat(local.bucket_settings, local.bucket_changes)
    resources = concat([local.state_arn], var.bucket_arns)
  }

  statement {
    sid       = "RemoveBuckets"
    actions   = ["s3:DeleteBucket", "s3:DeleteBucketPolicy"]
    resources = var.bucket_arns
  }

  statement {
    sid     = "WriteState"
    actions = ["s3:GetObject", "s3:PutObject"]
    resources = [
      "${local.state_arn}/${var.environment}/terraform.tfstate", "${local.state_arn}/${var.environment}/terraform.tfstate.tflock",
    ]
  }

  statement {
    sid       = "RemoveLock"
    actions   = ["s3:DeleteObject"]
    resources = ["${local.state_arn}/${var.environment}/terraform.tfstate.tflock"]
  }

  statement {
    sid = "ManageRepository"
    actions = [
      "ecr:CreateRepository", "ecr:DeleteLifecyclePolicy", "ecr:DeleteRepository", "ecr:DescribeRepositories",
      "ecr:GetLifecyclePolicy", "ecr:ListImages", "ecr:ListTagsForResource", "ecr:PutImageScanningConfiguration",
      "ecr:PutImageTagMutability", "ecr:PutLifecyclePolicy", "ecr:TagResource", "ecr:UntagResource",
    ]
    resources = [var.repository_arn]
  }

  statement {
    sid = "ManageRole"
    actions = [
      "iam:DeleteRole", "iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies",
      "iam:ListInstanceProfilesForRole", "iam:ListRolePolicies", "iam:TagRole", "iam:UntagRole",
      "iam:UpdateAssumeRolePolicy", "iam:UpdateRole",
    ]
    resources = [var.role_arn]
  }

  # Who may write a role's permissions may give them anything, unless a boundary limits the role.
  # https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
  statement {
    sid       = "GrantToRole"
    actions   = ["iam:CreateRole", "iam:DeleteRolePolicy", "iam:PutRolePolicy"]
    resources = [var.role_arn]

    dynamic "condition" {
      for_each = var.permissions_boundary_arn == null ? [] : [var.permissions_boundary_arn]

      content {
        test     = "ArnEquals"
        variable = "iam:PermissionsBoundary"
        values   = [condition.value]
      }
    }
  }

  dynamic "statement" {
    for_each = length(var.extra_policy_arns) == 0 ? [] : ["AttachToRole"]

    content {
      sid       = statement.value
      actions   = ["iam:AttachRolePolicy", "iam:DetachRolePolicy"]
      resources = [var.role_arn]

      condition {
        test     = "ArnEquals"
        variable = "iam:PolicyARN"
        values   = var.extra_policy_arns
      }
    }
  }

  # ECR checks it unseen when it creates a repository with the key.
  # https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
  dynamic "statement" {
    for_each = var.kms_key_arn == null ? [] : [var.kms_key_arn]

    content {
      sid       = "UseKeyThroughEcr"
      actions   = ["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"]
      resources = [statement.value]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = [local.ecr_service]
      }
    }
  }

  # A state bucket with the key.
  dynamic "statement" {
    for_each = var.kms_key_arn == null ? [] : [var.kms_key_arn]

    content {
      sid       = "UseKeyThroughS3"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [statement.value]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = [local.s3_service]
      }
    }
  }
}
