# `terraform init` gets bucket, key and region from `make infra`. By hand, use the settings file that `make infra`
# writes (docs/infrastructure.md).
terraform {
  backend "s3" {
    use_lockfile = true
  }
}
