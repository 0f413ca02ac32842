# Offline: the real provider with invented keys. The only answer that it needs from AWS is overridden below.
provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "111122223333" }
}

variables {
  name                   = "the-role"
  data_bucket_arn        = "arn:aws:s3:::the-data"
  models_bucket_arn      = "arn:aws:s3:::the-models"
  checkpoints_bucket_arn = "arn:aws:s3:::the-checkpoints"
  repository_arn         = "arn:aws:ecr:eu-central-1:111122223333:repository/the-trainer"
}

run "jobs_of_this_account_and_region_have_the_rights_that_they_need_and_no_other" {
  command = plan

  module {
    source = "./modules/training_role"
  }

  assert {
    condition = jsondecode(aws_iam_role.this.assume_role_policy).Statement == [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "sagemaker.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:SourceAccount" = "111122223333" }
        ArnLike = {
          "aws:SourceArn" = [
            "arn:aws:sagemaker:eu-central-1:111122223333:training-job/*",
            "arn:aws:sagemaker:eu-central-1:111122223333:hyper-parameter-tuning-job/*",
          ]
        }
      }
    }]
    error_message = "Only SageMaker may assume the role, for training and tuning jobs of this account and region."
  }

  assert {
    condition = sort(flatten([
      for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Action
      if anytrue([for resource in flatten([statement.Resource]) : startswith(resource, "arn:aws:s3:::the-data")])
    ])) == tolist(["s3:GetObject", "s3:ListBucket"])
    error_message = "Jobs must be able to list and read data, but nothing else."
  }

  assert {
    condition = sort(flatten([
      for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Action
      if anytrue([for resource in flatten([statement.Resource]) : startswith(resource, "arn:aws:s3:::the-models")])
    ])) == tolist(["s3:AbortMultipartUpload", "s3:PutObject"])
    error_message = "Jobs must be able to write models, but not to read or delete them."
  }

  assert {
    condition = sort(flatten([
      for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Action
      if anytrue([for resource in flatten([statement.Resource]) : startswith(resource, "arn:aws:s3:::the-checkpoints")])
    ])) == tolist(["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject"])
    error_message = "Jobs must be able to list, read, write and delete checkpoints."
  }

  assert {
    condition = {
      for statement in jsondecode(aws_iam_role_policy.this.policy).Statement :
      statement.Sid => [sort(flatten([statement.Action])), statement.Resource] if statement.Sid == "PullImage"
      } == {
      PullImage = [
        tolist(["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]),
        "arn:aws:ecr:eu-central-1:111122223333:repository/the-trainer",
      ]
    }
    error_message = "Jobs must have the three actions for a pull, on this repository only."
  }

  assert {
    condition = sort(flatten([
      for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Action
      if contains(flatten([statement.Resource]), "*")
    ])) == tolist(["cloudwatch:PutMetricData", "ecr:GetAuthorizationToken"])
    error_message = "Only actions for which AWS offers no resource may be allowed on everything."
  }

  assert {
    condition = !anytrue([
      for action in flatten([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Action]) :
      strcontains(action, "*")
    ])
    error_message = "Every action must be named in full, without a wildcard."
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Condition
      if statement.Action == "cloudwatch:PutMetricData"
    ] == [{ StringEquals = { "cloudwatch:namespace" = "/aws/sagemaker/TrainingJobs" } }]
    error_message = "Jobs may write only the metrics of training jobs."
  }

  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : [
        for resource in flatten([statement.Resource]) :
        startswith(resource, "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/sagemaker/TrainingJobs")
      ] if anytrue([for action in flatten([statement.Action]) : startswith(action, "logs:")])
    ]))
    error_message = "Jobs may write only to the log group of training jobs."
  }
}

run "each_option_widens_or_narrows_the_role_by_exactly_its_part" {
  command = plan

  module {
    source = "./modules/training_role"
  }

  variables {
    may_create_log_group     = false
    permissions_boundary_arn = "arn:aws:iam::111122223333:policy/boundary"
    path                     = "/teams/ml/"
    extra_data_arns = [
      "arn:aws:s3:::more", "arn:aws:s3:::shared/images/*", "arn:aws:s3:::shared/a/b/*", "arn:aws:s3:::other/x/*",
    ]
    extra_repository_arns = ["arn:aws:ecr:eu-central-1:444455556666:repository/base"]
    extra_policy_arns     = ["arn:aws:iam::111122223333:policy/tracking"]
    kms_key               = { arn = "arn:aws:kms:eu-central-1:111122223333:key/the-key" }
    network               = { subnet_ids = ["subnet-0a", "subnet-0b"], security_group_ids = ["sg-0c"] }
  }

  assert {
    condition = !contains(
      flatten([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Action]),
      "logs:CreateLogGroup",
    )
    error_message = "If Terraform manages the log group, jobs need no permission to create it."
  }

  assert {
    condition     = aws_iam_role.this.permissions_boundary == "arn:aws:iam::111122223333:policy/boundary"
    error_message = "The permissions boundary must be attached to the role."
  }

  assert {
    condition = {
      for statement in jsondecode(aws_iam_role_policy.this.policy).Statement :
      join(" ", sort(flatten([statement.Resource]))) => join(" ", sort(try(statement.Condition.StringLike["s3:prefix"], [])))
      if contains(["s3:ListBucket", "s3:GetObject"], try(tostring(statement.Action), ""))
      } == {
      "arn:aws:s3:::more arn:aws:s3:::the-checkpoints arn:aws:s3:::the-data" = ""
      "arn:aws:s3:::other"                                                   = "x x/*"
      "arn:aws:s3:::shared"                                                  = "a/b a/b/* images images/*"
      join(" ", [
        "arn:aws:s3:::more/*", "arn:aws:s3:::other/x/*", "arn:aws:s3:::shared/a/b/*", "arn:aws:s3:::shared/images/*",
        "arn:aws:s3:::the-data/*",
      ]) = ""
    }
    error_message = "Jobs must be able to list and read the buckets and prefixes of extra_data_arns, and nothing beside these prefixes."
  }

  assert {
    condition = one([
      for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Resource
      if try(statement.Sid, "") == "PullImage"
      ]) == [
      "arn:aws:ecr:eu-central-1:444455556666:repository/base",
      "arn:aws:ecr:eu-central-1:111122223333:repository/the-trainer",
    ]
    error_message = "Jobs must be able to pull from the repositories of extra_repository_arns."
  }

  assert {
    condition = (
      aws_iam_role.this.path == "/teams/ml/" &&
      [for one in aws_iam_role_policy_attachment.extra : one.policy_arn] == ["arn:aws:iam::111122223333:policy/tracking"]
    )
    error_message = "The role must be below its path, with the policies of extra_policy_arns."
  }

  assert {
    condition = {
      for statement in jsondecode(aws_iam_role_policy.key[0].policy).Statement :
      join(" ", sort(flatten([statement.Action]))) => [statement.Resource, try(statement.Condition.Bool, {})]
      } == {
      "kms:Decrypt kms:Encrypt kms:GenerateDataKey" = ["arn:aws:kms:eu-central-1:111122223333:key/the-key", {}]
      "kms:CreateGrant" = [
        "arn:aws:kms:eu-central-1:111122223333:key/the-key", { "kms:GrantIsForAWSResource" = "true" },
      ]
    }
    error_message = "Jobs must have exactly the rights on the key that AWS names, and grants for AWS's services only."
  }

  assert {
    condition = {
      for statement in jsondecode(aws_iam_role_policy.network[0].policy).Statement :
      statement.Sid => [
        length(flatten([statement.Action])), join(" ", sort(flatten([statement.Resource]))), try(statement.Condition, null)
      ]
      } == {
      UseSubnets = [
        1, "arn:aws:ec2:eu-central-1:*:security-group/sg-0c arn:aws:ec2:eu-central-1:*:subnet/subnet-0a arn:aws:ec2:eu-central-1:*:subnet/subnet-0b", null,
      ]
      ManageInterfaces = [
        4, "arn:aws:ec2:eu-central-1:*:network-interface/*",
        { ArnLike = { "ec2:Subnet" = ["arn:aws:ec2:eu-central-1:*:subnet/subnet-0a", "arn:aws:ec2:eu-central-1:*:subnet/subnet-0b"] } },
      ]
      LookAtNetwork = [5, "*", null]
    }
    error_message = "Jobs may create and delete network interfaces in these subnets, with these security groups, and describe networks."
  }
}
