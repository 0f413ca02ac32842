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
  description = "the key"
  role_arn    = "arn:aws:iam::111122223333:role/the-role"
}

run "the_key_is_rotated_and_its_policy_lets_each_do_their_part_only" {
  command = plan

  module {
    source = "./modules/encryption"
  }

  assert {
    condition     = aws_kms_key.this.enable_key_rotation && aws_kms_key.this.deletion_window_in_days == 30
    error_message = "The key must be rotated, and a deletion must leave as much time as possible."
  }

  assert {
    condition = {
      for statement in jsondecode(aws_kms_key.this.policy).Statement :
      statement.Sid => [join(" ", sort(flatten([statement.Action]))), statement.Condition] if statement.Sid != "Administrators"
      } == {
      TrainingRole = [
        "kms:Decrypt kms:Encrypt kms:GenerateDataKey",
        { ArnEquals = { "aws:PrincipalArn" = "arn:aws:iam::111122223333:role/the-role" } },
      ]
      TrainingRoleVolumes = [
        "kms:CreateGrant",
        {
          ArnEquals = { "aws:PrincipalArn" = "arn:aws:iam::111122223333:role/the-role" }
          Bool      = { "kms:GrantIsForAWSResource" = "true" }
        },
      ]
      PeopleThroughS3 = [
        "kms:Decrypt kms:Encrypt kms:GenerateDataKey",
        { StringEquals = { "kms:ViaService" = "s3.eu-central-1.amazonaws.com" } },
      ]
      RepositoryThroughEcr = [
        "kms:CreateGrant kms:DescribeKey kms:RetireGrant",
        { StringEquals = { "kms:ViaService" = "ecr.eu-central-1.amazonaws.com" } },
      ]
    }
    error_message = "Only the training role may use the key directly; people only through S3, and ECR for who creates the repository."
  }

  assert {
    condition = length(setintersection(
      flatten([
        for statement in jsondecode(aws_kms_key.this.policy).Statement : statement.Action if statement.Sid == "Administrators"
      ]),
      ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:CreateGrant"],
    )) == 0
    error_message = "Administrators must not be able to use the key."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_kms_key.this.policy).Statement :
      statement.Principal == { AWS = "arn:aws:iam::111122223333:root" }
    ])
    error_message = "By default, IAM must decide who administers the key."
  }
}

run "administrators_can_be_named" {
  command = plan

  module {
    source = "./modules/encryption"
  }

  variables {
    administrator_arns = ["arn:aws:iam::111122223333:role/security"]
  }

  assert {
    condition = one([
      for statement in jsondecode(aws_kms_key.this.policy).Statement : statement.Principal if statement.Sid == "Administrators"
    ]) == { AWS = "arn:aws:iam::111122223333:role/security" }
    error_message = "Only the named administrators may manage the key."
  }
}
