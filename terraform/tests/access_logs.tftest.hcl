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

run "only_s3_may_write_logs_of_these_buckets" {
  command = plan

  module {
    source = "./modules/access_logs"
  }

  variables {
    name               = "the-logs"
    source_bucket_arns = ["arn:aws:s3:::the-data", "arn:aws:s3:::the-models"]
    protect            = true
  }

  assert {
    condition = {
      for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement :
      statement.Sid => [statement.Effect, statement.Action, statement.Principal, try(statement.Condition, null)]
      } == {
      TlsOnly    = ["Deny", "s3:*", "*", { Bool = { "aws:SecureTransport" = "false" } }]
      KeepBucket = ["Deny", "s3:DeleteBucket", "*", null]
      WriteLogs = ["Allow", "s3:PutObject", { Service = "logging.s3.amazonaws.com" }, {
        StringEquals = { "aws:SourceAccount" = "111122223333" }
        ArnEquals    = { "aws:SourceArn" = ["arn:aws:s3:::the-data", "arn:aws:s3:::the-models"] }
      }]
    }
    error_message = "Only S3's log delivery may write, for these buckets of this account, and only with TLS."
  }

  assert {
    condition = (
      aws_s3_bucket_public_access_block.this.restrict_public_buckets &&
      one(aws_s3_bucket_lifecycle_configuration.this.rule[0].expiration).days == 365
    )
    error_message = "The logs must not be public, and must be deleted after a year."
  }
}
