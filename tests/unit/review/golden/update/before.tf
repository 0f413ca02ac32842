locals { name = "golden-update" }

resource "aws_s3_bucket" "data" {
  bucket = "${local.name}-data"
  tags   = { Owner = "ml", Cost = "research" }
}

resource "aws_s3_bucket_public_access_block" "data" {
  bucket                  = aws_s3_bucket.data.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "data" {
  bucket = aws_s3_bucket.data.id
  versioning_configuration { status = "Enabled" }
}

resource "aws_sqs_queue" "jobs" {
  name                       = "${local.name}-jobs"
  visibility_timeout_seconds = 60
  sqs_managed_sse_enabled    = true
}

resource "aws_cloudwatch_log_group" "jobs" {
  name              = "/${local.name}/jobs"
  retention_in_days = 365
}

resource "aws_ecr_repository" "images" {
  name                 = "${local.name}-images"
  image_tag_mutability = "IMMUTABLE"
  image_scanning_configuration { scan_on_push = true }
}

resource "aws_sns_topic" "alerts" {
  name = "${local.name}-alerts"
  tags = { Owner = "ml" }
}
