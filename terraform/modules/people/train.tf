# What `make data`, `image`, `train`, `tune`, `resume`, `logs`, `stop`, `jobs`, `tunings`, `prices`, `sweep` and `model` call.

data "aws_iam_policy_document" "train" {
  statement {
    sid       = "ListBuckets"
    actions   = ["s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"]
    resources = [local.state_arn, var.data_bucket_arn, var.models_bucket_arn, var.checkpoints_bucket_arn]
  }

  statement {
    sid     = "ReadObjects"
    actions = ["s3:GetObject", "s3:GetObjectVersion"]
    resources = [
      "${local.state_arn}/${var.environment}/terraform.tfstate",
      "${var.data_bucket_arn}/*", "${var.models_bucket_arn}/*", "${var.checkpoints_bucket_arn}/*",
    ]
  }

  statement {
    sid       = "WriteData"
    actions   = ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    resources = ["${var.data_bucket_arn}/*"]
  }

  statement {
    sid       = "LogInToRegistry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"] # AWS offers no resource for this action
  }

  statement {
    sid = "PushImage"
    actions = [
      "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:DescribeImages",
      "ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
    ]
    resources = [var.repository_arn]
  }

  # AWS's Deep Learning Containers are in accounts of AWS, another one in some regions.
  # https://github.com/aws/deep-learning-containers/blob/master/available_images.md
  statement {
    sid       = "PullBase"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = ["arn:${local.partition}:ecr:*:*:repository/tensorflow-training"]
  }

  # Whoever creates something with tags needs AddTags.
  statement {
    sid = "RunJobs"
    actions = [
      "sagemaker:AddTags", "sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob", "sagemaker:ListTags",
      "sagemaker:StopTrainingJob", "sagemaker:UpdateTrainingJob",
    ]
    resources = ["${local.sagemaker_arn}:training-job/*", "${local.sagemaker_arn}:hyper-parameter-tuning-job/*"]
  }

  statement {
    sid = "RunTunings"
    actions = [
      "sagemaker:CreateHyperParameterTuningJob", "sagemaker:DescribeHyperParameterTuningJob",
      "sagemaker:ListTrainingJobsForHyperParameterTuningJob", "sagemaker:StopHyperParameterTuningJob",
    ]
    resources = ["${local.sagemaker_arn}:hyper-parameter-tuning-job/*"]
  }

  statement {
    sid       = "ListJobs"
    actions   = ["sagemaker:ListHyperParameterTuningJobs", "sagemaker:ListTrainingJobs", "sagemaker:Search"]
    resources = ["*"] # AWS offers no resource for these actions
  }

  statement {
    sid       = "LookUpPricesAndQuotas"
    actions   = ["pricing:GetProducts", "servicequotas:ListAWSDefaultServiceQuotas", "servicequotas:ListServiceQuotas"]
    resources = ["*"] # AWS offers no resource for these actions
  }

  # `make sweep` removes what jobs and uploads left in the stack's own buckets and repository.
  statement {
    sid       = "SweepBuckets"
    actions   = ["s3:GetBucketTagging"]
    resources = [var.data_bucket_arn, var.models_bucket_arn, var.checkpoints_bucket_arn]
  }

  statement {
    sid       = "SweepUploads"
    actions   = ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    resources = ["${var.data_bucket_arn}/*", "${var.models_bucket_arn}/*", "${var.checkpoints_bucket_arn}/*"]
  }

  statement {
    sid       = "SweepCheckpoints"
    actions   = ["s3:DeleteObject"]
    resources = ["${var.checkpoints_bucket_arn}/*"]
  }

  statement {
    sid       = "SweepImages"
    actions   = ["ecr:BatchDeleteImage", "ecr:ListTagsForResource"]
    resources = [var.repository_arn]
  }

  # Jobs run as this role and no other. AWS checks it unseen: it is no call of its own.
  # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
  statement {
    sid       = "PassRole"
    actions   = ["iam:PassRole"]
    resources = [var.role_arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["sagemaker.amazonaws.com"]
    }
  }

  statement {
    sid       = "LookAtRole"
    actions   = ["iam:GetRole", "iam:SimulatePrincipalPolicy"]
    resources = [var.role_arn]
  }

  # What they may do themselves is simulated before a command creates anything. A user's name is unique in the account,
  # whatever the path. A role that people assume cannot be named here.
  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
  statement {
    sid     = "LookAtOwnRights"
    actions = ["iam:SimulatePrincipalPolicy"]
    resources = [
      "arn:${local.partition}:iam::${local.account_id}:user/$${aws:username}",
      "arn:${local.partition}:iam::${local.account_id}:user/*/$${aws:username}",
    ]
  }

  # The policies of the resources can allow what these do not.
  statement {
    sid       = "LookAtPoliciesOfBuckets"
    actions   = ["s3:GetBucketPolicy"]
    resources = [var.data_bucket_arn, var.models_bucket_arn, var.checkpoints_bucket_arn]
  }

  statement {
    sid       = "LookAtPolicyOfRepository"
    actions   = ["ecr:GetRepositoryPolicy"]
    resources = [var.repository_arn]
  }

  # What the checks of a job's network look at.
  statement {
    sid       = "LookAtNetwork"
    actions   = ["ec2:DescribeRouteTables", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcEndpoints"]
    resources = ["*"] # AWS offers no resource for these actions
  }

  # A job file may name any key (output_kms_key, volume_kms_key). DescribeKey shows nothing that the key encrypts.
  statement {
    sid       = "LookAtKeys"
    actions   = ["kms:DescribeKey"]
    resources = [local.key_arn]
  }

  statement {
    sid       = "ReadLogs"
    actions   = ["logs:DescribeLogStreams", "logs:GetLogEvents"]
    resources = [local.log_group_arn, "${local.log_group_arn}:*"]
  }

  # Only what S3 does with the key for them. AWS checks it unseen.
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

  dynamic "statement" {
    for_each = var.kms_key_arn == null ? [] : [var.kms_key_arn]

    content {
      sid       = "LookAtPolicyOfKey"
      actions   = ["kms:GetKeyPolicy"]
      resources = [statement.value]
    }
  }

  # A key that the stack creates is known by its tags.
  dynamic "statement" {
    for_each = var.create_kms_key ? ["UseNewKeyThroughS3"] : []

    content {
      sid       = statement.value
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [local.key_arn]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = [local.s3_service]
      }

      dynamic "condition" {
        for_each = local.has_tags.StringEquals

        content {
          test     = "StringEquals"
          variable = condition.key
          values   = [condition.value]
        }
      }
    }
  }

  dynamic "statement" {
    for_each = var.create_kms_key ? ["LookAtPolicyOfNewKey"] : []

    content {
      sid       = statement.value
      actions   = ["kms:GetKeyPolicy"]
      resources = [local.key_arn]

      dynamic "condition" {
        for_each = local.has_tags.StringEquals

        content {
          test     = "StringEquals"
          variable = condition.key
          values   = [condition.value]
        }
      }
    }
  }
}
