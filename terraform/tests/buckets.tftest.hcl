# Offline: the real provider with invented keys. It makes no call to AWS.
provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

variables {
  data_name        = "the-data"
  models_name      = "the-models"
  checkpoints_name = "the-checkpoints"
}

run "buckets_are_closed_encrypted_cleaned_up_and_kept" {
  command = plan

  module {
    source = "./modules/buckets"
  }

  assert {
    condition = length(aws_s3_bucket_public_access_block.this) == 3 && alltrue([
      for block in aws_s3_bucket_public_access_block.this :
      block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets
    ])
    error_message = "All four kinds of public access must be blocked on all three buckets."
  }

  assert {
    condition = length(aws_s3_bucket_server_side_encryption_configuration.this) == 3 && alltrue(flatten([
      for configuration in aws_s3_bucket_server_side_encryption_configuration.this : [
        for rule in configuration.rule : rule.apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"
      ]
    ]))
    error_message = "All three buckets must be encrypted."
  }

  assert {
    condition = alltrue([
      for purpose, name in { data = "the-data", models = "the-models", checkpoints = "the-checkpoints" } :
      jsondecode(aws_s3_bucket_policy.this[purpose].policy).Statement == [{
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = ["arn:aws:s3:::${name}/*", "arn:aws:s3:::${name}"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }]
    ])
    error_message = "Each bucket's policy must refuse every request without TLS, to the bucket and to its objects."
  }

  assert {
    condition     = toset(keys(aws_s3_bucket_versioning.this)) == toset(["data", "models"])
    error_message = "Data and models must be versioned, and checkpoints not."
  }

  assert {
    condition = alltrue([
      for versioning in aws_s3_bucket_versioning.this : versioning.versioning_configuration[0].status == "Enabled"
    ])
    error_message = "Versioning must be enabled."
  }

  assert {
    condition = alltrue([
      for configuration in aws_s3_bucket_lifecycle_configuration.this :
      length([
        for rule in configuration.rule : rule
        if rule.status == "Enabled" && length(rule.abort_incomplete_multipart_upload) == 1
      ]) == 1
    ])
    error_message = "Each bucket must delete incomplete uploads."
  }

  assert {
    condition = {
      for purpose, configuration in aws_s3_bucket_lifecycle_configuration.this :
      purpose => [for rule in configuration.rule : rule.id]
      } == {
      data        = ["aborted-uploads", "old-versions"]
      models      = ["aborted-uploads", "old-versions"]
      checkpoints = ["aborted-uploads", "old-checkpoints"]
    }
    error_message = "Old versions of data and models and old checkpoints must be deleted; current data and models must be kept."
  }

  assert {
    condition = alltrue([
      for rule in aws_s3_bucket_lifecycle_configuration.this["checkpoints"].rule :
      rule.expiration[0].days > 28 if rule.id == "old-checkpoints"
    ])
    error_message = "A training job may last 28 days, so its checkpoints must be kept longer."
  }

  assert {
    condition     = !anytrue([for bucket in aws_s3_bucket.this : bucket.force_destroy])
    error_message = "By default, no bucket that contains objects may be deleted."
  }
}

run "protected_buckets_cannot_be_deleted_by_anybody_and_a_key_encrypts_all" {
  command = plan

  module {
    source = "./modules/buckets"
  }

  variables {
    protect = true
    kms_key = { arn = "arn:aws:kms:eu-central-1:111122223333:key/the-key" }
  }

  assert {
    condition = alltrue([
      for purpose, name in { data = "the-data", models = "the-models", checkpoints = "the-checkpoints" } :
      jsondecode(aws_s3_bucket_policy.this[purpose].policy).Statement[1] == {
        Sid       = "KeepBucket"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:DeleteBucket"
        Resource  = "arn:aws:s3:::${name}"
      }
    ])
    error_message = "The policy of each bucket must deny s3:DeleteBucket to everybody."
  }

  assert {
    condition = alltrue(flatten([
      for configuration in aws_s3_bucket_server_side_encryption_configuration.this : [
        for rule in configuration.rule :
        rule.bucket_key_enabled &&
        rule.apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms" &&
        rule.apply_server_side_encryption_by_default[0].kms_master_key_id == "arn:aws:kms:eu-central-1:111122223333:key/the-key"
      ]
    ]))
    error_message = "All three buckets must be encrypted with the key, through a bucket key."
  }
}

run "buckets_that_exist_are_used_as_they_are_and_the_others_log_their_accesses" {
  command = plan

  module {
    source = "./modules/buckets"
  }

  variables {
    existing    = ["data", "checkpoints"]
    access_logs = { bucket = "the-logs" }
  }

  assert {
    condition = (
      keys(aws_s3_bucket.this) == ["models"] && keys(aws_s3_bucket_versioning.this) == ["models"] &&
      output.data_name == "the-data" && output.checkpoints_name == "the-checkpoints"
    )
    error_message = "The stack must not touch the buckets that it was given."
  }

  assert {
    condition = { for purpose, logging in aws_s3_bucket_logging.this : purpose => [logging.target_bucket, logging.target_prefix] } == {
      models = ["the-logs", "models/"]
    }
    error_message = "The buckets of the stack must log below their purpose."
  }
}
