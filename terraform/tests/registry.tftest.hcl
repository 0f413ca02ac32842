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
  name = "the-trainer"
}

run "tags_are_immutable_images_are_scanned_and_only_old_ones_are_deleted" {
  command = plan

  module {
    source = "./modules/registry"
  }

  assert {
    condition     = aws_ecr_repository.this.image_tag_mutability == "IMMUTABLE"
    error_message = "A tag must never point to another image later."
  }

  assert {
    condition     = aws_ecr_repository.this.image_scanning_configuration[0].scan_on_push
    error_message = "Every push must be scanned."
  }

  assert {
    condition = {
      for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules :
      rule.selection.tagStatus => rule.selection.countNumber
    } == { untagged = 7, any = 50 }
    error_message = "Untagged images must be deleted after a week, and all images except the newest 50."
  }

  assert {
    condition     = !aws_ecr_repository.this.force_delete
    error_message = "By default, no repository that contains images may be deleted."
  }
}

run "a_new_repository_is_encrypted_with_the_key" {
  command = plan

  module {
    source = "./modules/registry"
  }

  variables {
    kms_key = { arn = "arn:aws:kms:eu-central-1:111122223333:key/the-key" }
  }

  assert {
    condition = aws_ecr_repository.this.encryption_configuration[0] == {
      encryption_type = "KMS", kms_key = "arn:aws:kms:eu-central-1:111122223333:key/the-key"
    }
    error_message = "A new repository must be encrypted with the key."
  }
}
