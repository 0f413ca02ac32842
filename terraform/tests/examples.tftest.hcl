# Offline: the real provider with invented keys. The only answers that it needs from AWS are overridden below.
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

run "the_modules_work_in_a_root_of_their_own" {
  command = plan

  module {
    source = "./examples/own_root"
  }

  override_data {
    target = module.encryption.data.aws_caller_identity.current
    values = { account_id = "111122223333" }
  }

  override_data {
    target = module.access_logs.data.aws_caller_identity.current
    values = { account_id = "111122223333" }
  }

  override_data {
    target = module.training_role.data.aws_caller_identity.current
    values = { account_id = "111122223333" }
  }

  override_data {
    target = module.network.data.aws_availability_zones.here
    values = { names = ["eu-central-1a", "eu-central-1b"] }
  }

  assert {
    condition     = local.data == "digits-data-111122223333-eu-central-1"
    error_message = "The example must plan with these names."
  }
}

run "the_policies_for_people_name_what_the_stack_creates" {
  command = plan

  module {
    source = "./examples/people"
  }

  variables {
    environment = "dev"
  }

  override_data {
    target = module.people.data.aws_caller_identity.current
    values = { account_id = "111122223333" }
  }

  # The stack's own names are in root.tftest.hcl.
  assert {
    condition = local.bucket_arns["data"] == "arn:aws:s3:::trainyard-dev-data-111122223333-eu-central-1" && (
      local.bucket_arns["access-logs"] == "arn:aws:s3:::trainyard-dev-access-logs-111122223333-eu-central-1"
    )
    error_message = "The example's names must be those of the stack."
  }
}
