# Bucket, key and region are given at `terraform init`: by `make infra`, or by hand with the settings file that it
# writes (docs/infrastructure.md).
terraform {
  backend "s3" {
    use_lockfile = true
  }
}
