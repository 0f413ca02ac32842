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
  name                     = "trainyard-dev"
  environment              = "dev"
  role_arn                 = "arn:aws:iam::111122223333:role/the-role"
  repository_arn           = "arn:aws:ecr:eu-central-1:111122223333:repository/the-trainer"
  data_bucket_arn          = "arn:aws:s3:::the-data"
  models_bucket_arn        = "arn:aws:s3:::the-models"
  checkpoints_bucket_arn   = "arn:aws:s3:::the-checkpoints"
  bucket_arns              = ["arn:aws:s3:::the-data", "arn:aws:s3:::the-models", "arn:aws:s3:::the-checkpoints"]
  permissions_boundary_arn = "arn:aws:iam::111122223333:policy/boundary"
  extra_policy_arns        = ["arn:aws:iam::111122223333:policy/tracking"]
  kms_key_arn              = "arn:aws:kms:eu-central-1:111122223333:key/the-key"
}

run "people_get_what_their_commands_need_and_no_way_to_more" {
  command = plan

  module {
    source = "./modules/people"
  }

  # tests/unit/localcloud/access/test_people.py takes each statement of this file away.
  assert {
    condition = [
      for statement in jsondecode(aws_iam_policy.train.policy).Statement : jsonencode(merge(statement, {
        Action = sort(flatten([statement.Action])), Resource = sort(flatten([statement.Resource])),
      }))
    ] == [for statement in jsondecode(file("${path.module}/../../tests/people_train.json")).Statement : jsonencode(statement)]
    error_message = "The policy of who trains differs from tests/people_train.json."
  }

  assert {
    condition = one([
      for statement in jsondecode(aws_iam_policy.train.policy).Statement : [statement.Resource, statement.Condition]
      if statement.Action == "iam:PassRole"
      ]) == [
      "arn:aws:iam::111122223333:role/the-role", { StringEquals = { "iam:PassedToService" = "sagemaker.amazonaws.com" } },
    ]
    error_message = "Who trains may pass this one role, to SageMaker only."
  }

  assert {
    condition = sort(flatten([
      for statement in jsondecode(aws_iam_policy.train.policy).Statement : statement.Action if contains(flatten([statement.Resource]), "*")
      ])) == tolist([
      "ec2:DescribeRouteTables", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcEndpoints",
      "ecr:GetAuthorizationToken", "pricing:GetProducts", "sagemaker:ListHyperParameterTuningJobs",
      "sagemaker:ListTrainingJobs", "sagemaker:Search",
      "servicequotas:ListAWSDefaultServiceQuotas", "servicequotas:ListServiceQuotas",
    ])
    error_message = "Only actions for which AWS offers no resource may be allowed on everything."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_policy.build.policy).Statement :
      statement.Resource == "arn:aws:iam::111122223333:role/the-role" if startswith(flatten([statement.Action])[0], "iam:")
    ])
    error_message = "Who builds may create and change this one role only."
  }

  assert {
    condition = {
      for statement in jsondecode(aws_iam_policy.build.policy).Statement : statement.Sid => statement.Condition.ArnEquals
      if contains(flatten([statement.Action]), "iam:CreateRole") || contains(flatten([statement.Action]), "iam:AttachRolePolicy")
      } == {
      GrantToRole  = { "iam:PermissionsBoundary" = "arn:aws:iam::111122223333:policy/boundary" }
      AttachToRole = { "iam:PolicyARN" = "arn:aws:iam::111122223333:policy/tracking" }
    }
    error_message = "Permissions may be granted only to a role with the boundary, and only the named policies may be attached."
  }

  assert {
    condition = !anytrue([
      for action in flatten([
        for statement in concat(jsondecode(aws_iam_policy.train.policy).Statement, jsondecode(aws_iam_policy.build.policy).Statement) :
        statement.Action
      ]) : strcontains(action, "*")
    ])
    error_message = "Every action must be named in full, without a wildcard."
  }

  # IAM's limit for a managed policy.
  assert {
    condition     = length(aws_iam_policy.train.policy) <= 6144 && length(aws_iam_policy.build.policy) <= 6144
    error_message = "A policy may have at most 6144 characters."
  }
}

run "the_options_of_the_stack_give_rights_by_its_tags_only" {
  command = plan

  module {
    source = "./modules/people"
  }

  variables {
    create_kms_key   = true
    create_network   = true
    manage_log_group = true
    stack_tags       = { Project = "the-project", Environment = "dev" }
  }

  assert {
    condition = toset([
      for statement in jsondecode(aws_iam_policy.build_options[0].policy).Statement : statement.Sid
      if !strcontains(jsonencode(lookup(statement, "Condition", {})), "Tag/Project")
    ]) == toset(["TagNewNetwork", "NameEndpoints", "LookAtNetwork", "ManageLogGroup", "ListLogGroups"])
    error_message = "What changes a key or a network must ask for the stack's tags. New resources get them in the call that creates them."
  }

  assert {
    condition = !strcontains(aws_iam_policy.build_options[0].policy, "kms:Decrypt") && alltrue([
      for statement in jsondecode(aws_iam_policy.train.policy).Statement :
      statement.Condition.StringEquals["aws:ResourceTag/Project"] == "the-project" if strcontains(statement.Sid, "NewKey")
    ])
    error_message = "Who builds may not read what the key encrypts, and who trains may use no other key."
  }

  # IAM's limit for a managed policy.
  assert {
    condition     = max(length(aws_iam_policy.train.policy), length(aws_iam_policy.build_options[0].policy)) <= 6144
    error_message = "A policy may have at most 6144 characters."
  }
}

run "rights_by_tags_need_tags" {
  command = plan

  module {
    source = "./modules/people"
  }

  variables {
    create_network = true
  }

  expect_failures = [var.stack_tags]
}
