# Offline: the real provider, with keys that no one knows, and the one answer that it would ask AWS for.
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

run "only_training_jobs_of_this_account_and_region_get_the_role" {
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
        ArnLike      = { "aws:SourceArn" = "arn:aws:sagemaker:eu-central-1:111122223333:training-job/*" }
      }
    }]
    error_message = "SageMaker alone may take the role, for training jobs of this account and region."
  }
}

run "data_are_read_and_never_written" {
  command = plan

  module {
    source = "./modules/training_role"
  }

  assert {
    condition = sort(flatten([
      for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Action
      if anytrue([for resource in flatten([statement.Resource]) : startswith(resource, "arn:aws:s3:::the-data")])
    ])) == tolist(["s3:GetObject", "s3:ListBucket"])
    error_message = "Jobs must be able to list and read data, and nothing else."
  }
}

run "models_are_written_and_nothing_else" {
  command = plan

  module {
    source = "./modules/training_role"
  }

  assert {
    condition = sort(flatten([
      for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Action
      if anytrue([for resource in flatten([statement.Resource]) : startswith(resource, "arn:aws:s3:::the-models")])
    ])) == tolist(["s3:AbortMultipartUpload", "s3:PutObject"])
    error_message = "Jobs must be able to write models, and neither to read nor to delete them."
  }
}

run "checkpoints_are_read_and_written" {
  command = plan

  module {
    source = "./modules/training_role"
  }

  assert {
    condition = sort(flatten([
      for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Action
      if anytrue([for resource in flatten([statement.Resource]) : startswith(resource, "arn:aws:s3:::the-checkpoints")])
    ])) == tolist(["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject"])
    error_message = "Jobs must be able to list, read, write and delete checkpoints."
  }
}

run "images_are_pulled_from_the_one_repository" {
  command = plan

  module {
    source = "./modules/training_role"
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
    error_message = "Pulling takes three actions, on this repository alone."
  }
}

run "everything_only_where_aws_can_name_nothing" {
  command = plan

  module {
    source = "./modules/training_role"
  }

  assert {
    condition = sort(flatten([
      for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Action
      if contains(flatten([statement.Resource]), "*")
    ])) == tolist(["cloudwatch:PutMetricData", "ecr:GetAuthorizationToken"])
    error_message = "Only what AWS knows no resource for may be allowed on everything."
  }

  assert {
    condition = !anytrue([
      for action in flatten([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Action]) :
      strcontains(action, "*")
    ])
    error_message = "Every action must be named."
  }
}

run "metrics_go_to_their_own_namespace" {
  command = plan

  module {
    source = "./modules/training_role"
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Condition
      if statement.Action == "cloudwatch:PutMetricData"
    ] == [{ StringEquals = { "cloudwatch:namespace" = "/aws/sagemaker/TrainingJobs" } }]
    error_message = "Jobs may write metrics of training jobs and no others."
  }
}

run "logs_go_to_the_training_jobs_group" {
  command = plan

  module {
    source = "./modules/training_role"
  }

  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : [
        for resource in flatten([statement.Resource]) :
        startswith(resource, "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/sagemaker/TrainingJobs")
      ] if anytrue([for action in flatten([statement.Action]) : startswith(action, "logs:")])
    ]))
    error_message = "Jobs may write to the group of training jobs and to no other."
  }
}

run "the_group_is_created_only_where_nobody_else_makes_it" {
  command = plan

  module {
    source = "./modules/training_role"
  }

  variables {
    may_create_log_group = false
  }

  assert {
    condition = !contains(
      flatten([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Action]),
      "logs:CreateLogGroup",
    )
    error_message = "Where Terraform owns the group, jobs need no right to create it."
  }
}

run "a_permissions_boundary_is_attached" {
  command = plan

  module {
    source = "./modules/training_role"
  }

  variables {
    permissions_boundary_arn = "arn:aws:iam::111122223333:policy/boundary"
  }

  assert {
    condition     = aws_iam_role.this.permissions_boundary == "arn:aws:iam::111122223333:policy/boundary"
    error_message = "The boundary that the account demands must be on the role."
  }
}
