data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.id

  log_group     = "/aws/sagemaker/TrainingJobs"
  log_group_arn = "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:${local.log_group}"

  # An ARN of a prefix is arn:aws:s3:::<bucket>/<prefix>/*; one without a slash is a whole bucket.
  extra_buckets  = [for arn in var.extra_data_arns : arn if !strcontains(arn, "/")]
  bucket_prefix  = [for arn in var.extra_data_arns : regex("^([^/]+)/(.+)/[*]$", arn) if strcontains(arn, "/")]
  extra_prefixes = { for pair in local.bucket_prefix : pair[0] => pair[1]... }
}

# Only training jobs and tuning jobs of this account and region can assume the role. Tuning jobs start training jobs, and
# AWS does not document which of the two ARNs SageMaker sends as aws:SourceArn for them. Without the conditions, another
# account could make SageMaker use the role (the "confused deputy" problem in IAM's guide).
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["sagemaker.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values = [
        for kind in ["training-job", "hyper-parameter-tuning-job"] :
        "arn:${local.partition}:sagemaker:${local.region}:${local.account_id}:${kind}/*"
      ]
    }
  }
}

# The least permissions that CreateTrainingJob needs ("Execution Role Permissions" in SageMaker's developer guide).
data "aws_iam_policy_document" "rights" {
  statement {
    sid       = "ListDataAndCheckpoints"
    actions   = ["s3:ListBucket"]
    resources = concat([var.data_bucket_arn, var.checkpoints_bucket_arn], local.extra_buckets)
  }

  dynamic "statement" {
    for_each = local.extra_prefixes

    content {
      actions   = ["s3:ListBucket"]
      resources = [statement.key]

      condition {
        test     = "StringLike"
        variable = "s3:prefix"
        values   = flatten([for prefix in statement.value : [prefix, "${prefix}/*"]])
      }
    }
  }

  statement {
    sid     = "ReadData"
    actions = ["s3:GetObject"]
    resources = concat(
      ["${var.data_bucket_arn}/*"],
      [for arn in var.extra_data_arns : strcontains(arn, "/") ? arn : "${arn}/*"],
    )
  }

  statement {
    sid       = "WriteModels"
    actions   = ["s3:PutObject", "s3:AbortMultipartUpload"]
    resources = ["${var.models_bucket_arn}/*"]
  }

  statement {
    sid       = "ReadAndWriteCheckpoints"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    resources = ["${var.checkpoints_bucket_arn}/*"]
  }

  statement {
    sid       = "PullImage"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"]
    resources = concat([var.repository_arn], var.extra_repository_arns)
  }

  statement {
    sid       = "LogInToRegistry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"] # AWS offers no resource for this action
  }

  statement {
    sid       = "WriteLogs"
    actions   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = ["${local.log_group_arn}:*"]
  }

  dynamic "statement" {
    for_each = var.may_create_log_group ? ["CreateLogGroup"] : []

    content {
      sid     = statement.value
      actions = ["logs:CreateLogGroup"]
      # CloudWatch Logs has checked this permission with and without the ":*" at the end.
      resources = [local.log_group_arn, "${local.log_group_arn}:*"]
    }
  }

  statement {
    sid       = "WriteMetrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"] # AWS offers no resource for this action, only a condition

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = [local.log_group] # the namespace has the log group's name
    }
  }
}

resource "aws_iam_role" "this" {
  name                 = var.name
  path                 = var.path
  description          = "What SageMaker training jobs run as"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "this" {
  name   = "training"
  role   = aws_iam_role.this.name
  policy = data.aws_iam_policy_document.rights.json
}

resource "aws_iam_role_policy_attachment" "extra" {
  for_each = toset(var.extra_policy_arns)

  role       = aws_iam_role.this.name
  policy_arn = each.value
}
