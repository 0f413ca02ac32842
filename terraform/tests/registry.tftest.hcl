# Offline: the real provider, with keys that no one knows, and the one answer that it would ask AWS for.
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

run "tags_cannot_be_overwritten" {
  command = plan

  module {
    source = "./modules/registry"
  }

  assert {
    condition     = aws_ecr_repository.this.image_tag_mutability == "IMMUTABLE"
    error_message = "What a tag means may not change between two jobs."
  }
}

run "images_are_scanned_when_pushed" {
  command = plan

  module {
    source = "./modules/registry"
  }

  assert {
    condition     = aws_ecr_repository.this.image_scanning_configuration[0].scan_on_push
    error_message = "Every push must be scanned."
  }
}

run "old_images_go" {
  command = plan

  module {
    source = "./modules/registry"
  }

  assert {
    condition = {
      for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules :
      rule.selection.tagStatus => rule.selection.countNumber
    } == { untagged = 7, any = 50 }
    error_message = "Untagged images must go after a week, and all but the newest 50."
  }
}

run "images_are_kept_when_the_stack_goes" {
  command = plan

  module {
    source = "./modules/registry"
  }

  assert {
    condition     = !aws_ecr_repository.this.force_delete
    error_message = "By default no repository may be deleted while it holds images."
  }
}
