data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root"
  suffix  = "${data.aws_region.current.id}.${data.aws_partition.current.dns_suffix}"

  # What S3 needs to write and read objects, and SageMaker to write outputs:
  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
  # https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html
  use = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]
}

# With the account as principal, a statement applies to all whom IAM allows the same. So the policy names no role that
# does not exist yet, and a plan contains it as a whole.
# https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
data "aws_iam_policy_document" "key" {
  # checkov:skip=CKV_AWS_109: in a key policy, * is this key
  # checkov:skip=CKV_AWS_111: in a key policy, * is this key
  # checkov:skip=CKV_AWS_356: in a key policy, * is this key
  # Administrators cannot read what the key encrypts.
  statement {
    sid = "Administrators"
    actions = [
      "kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:DescribeKey", "kms:DisableKey",
      "kms:DisableKeyRotation", "kms:EnableKey", "kms:EnableKeyRotation", "kms:GetKeyPolicy",
      "kms:GetKeyRotationStatus", "kms:ListGrants", "kms:ListKeyPolicies", "kms:ListKeyRotations",
      "kms:ListResourceTags", "kms:PutKeyPolicy", "kms:RevokeGrant", "kms:RotateKeyOnDemand", "kms:ScheduleKeyDeletion",
      "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription",
    ]
    resources = ["*"] # in a key policy: this key

    principals {
      type        = "AWS"
      identifiers = length(var.administrator_arns) == 0 ? [local.account] : var.administrator_arns
    }
  }

  statement {
    sid       = "TrainingRole"
    actions   = local.use
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [local.account]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = [var.role_arn]
    }
  }

  # SageMaker encrypts the volumes of a job with a grant.
  statement {
    sid       = "TrainingRoleVolumes"
    actions   = ["kms:CreateGrant"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [local.account]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = [var.role_arn]
    }

    condition {
      test     = "Bool"
      variable = "kms:GrantIsForAWSResource"
      values   = ["true"]
    }
  }

  # People upload data and download models. They use the key only in what S3 does for them.
  statement {
    sid       = "PeopleThroughS3"
    actions   = local.use
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [local.account]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${local.suffix}"]
    }
  }

  # Who creates the repository lets ECR use the key:
  # https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
  statement {
    sid       = "RepositoryThroughEcr"
    actions   = ["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [local.account]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["ecr.${local.suffix}"]
    }
  }
}

resource "aws_kms_key" "this" {
  description             = var.description
  policy                  = data.aws_iam_policy_document.key.json
  enable_key_rotation     = true
  deletion_window_in_days = 30
}
