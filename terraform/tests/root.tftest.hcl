# Offline: the real provider with invented keys. The only answer that it needs from AWS is overridden below.
provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

provider "aws" {
  alias                       = "china"
  region                      = "cn-northwest-1"
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

override_data {
  target = module.training_role[0].data.aws_caller_identity.current
  values = { account_id = "111122223333" }
}

override_data {
  target = module.access_logs[0].data.aws_caller_identity.current
  values = { account_id = "111122223333" }
}

variables {
  environment = "dev"
}

run "names_arns_and_outputs_contain_project_environment_account_and_region" {
  command = plan

  assert {
    condition     = local.bucket_names["data"] == "trainyard-dev-data-111122223333-eu-central-1"
    error_message = "The data bucket's name must contain project, environment, purpose, account and region."
  }

  assert {
    condition     = local.bucket_names["models"] == "trainyard-dev-models-111122223333-eu-central-1"
    error_message = "The models bucket's name must contain project, environment, purpose, account and region."
  }

  assert {
    condition     = local.bucket_names["checkpoints"] == "trainyard-dev-checkpoints-111122223333-eu-central-1"
    error_message = "The checkpoints bucket's name must contain project, environment, purpose, account and region."
  }

  assert {
    condition     = local.repository_name == "trainyard-dev-trainer"
    error_message = "The repository's name must contain project and environment; its URL contains account and region."
  }

  assert {
    condition = (
      output.project == "trainyard" && output.environment == "dev" &&
      output.region == "eu-central-1" && output.account_id == "111122223333"
    )
    error_message = "The outputs must tell which stack they belong to."
  }

  assert {
    condition     = output.tags == null && output.kms_key_arn == null && output.subnet_ids == null
    error_message = "An option that is not used must be no output, so that a stack that exists stays as it is."
  }

  assert {
    condition     = local.repository_arn == "arn:aws:ecr:eu-central-1:111122223333:repository/trainyard-dev-trainer"
    error_message = "The repository's ARN must be built from names."
  }

  assert {
    condition     = local.bucket_arns["data"] == "arn:aws:s3:::trainyard-dev-data-111122223333-eu-central-1"
    error_message = "The buckets' ARNs must be built from names."
  }

  assert {
    condition     = length(aws_cloudwatch_log_group.training_jobs) == 0
    error_message = "The log group belongs to the whole account, so the stack may manage it only on request."
  }
}

run "arns_contain_the_partition_of_the_region_and_the_longest_names_fit" {
  command = plan

  providers = { aws = aws.china }

  variables {
    project     = "abcdefghijklmnopq"
    environment = "stage"
  }

  assert {
    condition = (
      startswith(local.repository_arn, "arn:aws-cn:ecr:cn-northwest-1:") &&
      startswith(local.bucket_arns["models"], "arn:aws-cn:s3:::")
    )
    error_message = "ARNs in China must contain China's partition."
  }

  assert {
    condition     = length(local.bucket_names["checkpoints"]) == 63
    error_message = "22 characters of project and environment must give a bucket name of 63 characters in a region of 14."
  }
}

run "an_existing_role_is_used_and_a_managed_log_group_is_kept_when_the_stack_is_removed" {
  command = plan

  variables {
    existing_role_arn = "arn:aws:iam::111122223333:role/team/training"
    manage_log_group  = true
  }

  assert {
    condition     = output.role_arn == "arn:aws:iam::111122223333:role/team/training"
    error_message = "The output must name the existing role."
  }

  assert {
    condition     = length(module.training_role) == 0
    error_message = "With an existing role, the stack must create none."
  }

  assert {
    condition = (
      aws_cloudwatch_log_group.training_jobs[0].name == "/aws/sagemaker/TrainingJobs" &&
      aws_cloudwatch_log_group.training_jobs[0].skip_destroy
    )
    error_message = "Removing this stack must not delete the logs of other projects."
  }
}

run "names_tags_and_retention_follow_the_rules_of_the_account" {
  command = plan

  variables {
    tags                  = { CostCenter = "ml" }
    role_path             = "/teams/ml/"
    role_name_prefix      = "ml-"
    extra_data_arns       = ["arn:aws:s3:::more"]
    extra_repository_arns = ["arn:aws:ecr:eu-central-1:111122223333:repository/more"]
    extra_policy_arns     = ["arn:aws:iam::111122223333:policy/more"]
    old_version_days      = 7
    checkpoint_days       = 40
    kept_images           = 9
    protect               = true
    kms_key_arn           = "arn:aws:kms:eu-central-1:111122223333:key/the-key"
    existing_buckets      = { data = "given-data" }
    access_logs           = true
    subnet_ids            = ["subnet-0a", "subnet-0b"]
    security_group_ids    = ["sg-0c"]
  }

  assert {
    condition = (
      aws_cloudwatch_log_group.training_jobs == [] &&
      output.tags == tomap({ CostCenter = "ml" }) &&
      output.kms_key_arn == "arn:aws:kms:eu-central-1:111122223333:key/the-key" &&
      output.data_bucket == "given-data" && local.bucket_arns["data"] == "arn:aws:s3:::given-data" &&
      output.subnet_ids == tolist(["subnet-0a", "subnet-0b"]) && output.security_group_ids == tolist(["sg-0c"])
    )
    error_message = "The tags, the key and the network must be outputs, because training jobs get them too."
  }
}

run "subnets_and_groups_of_another_network_are_refused" {
  command = plan

  variables {
    vpc_id             = "vpc-0a"
    subnet_ids         = ["subnet-0a"]
    security_group_ids = ["sg-0c"]
  }

  override_data {
    target = data.aws_subnet.given
    values = { vpc_id = "vpc-0b" }
  }

  override_data {
    target = data.aws_security_group.given
    values = { vpc_id = "vpc-0b" }
  }

  expect_failures = [data.aws_subnet.given, data.aws_security_group.given]
}
