locals { name = "golden-update" }

resource "aws_s3_bucket" "data" {
  bucket = "${local.name}-data"
  tags   = { Owner = "platform" }
}

resource "aws_s3_bucket_public_access_block" "data" {
  bucket                  = aws_s3_bucket.data.id
  block_public_acls       = true
  block_public_policy     = false
  ignore_public_acls      = true
  restrict_public_buckets = false
}

resource "aws_s3_bucket_versioning" "data" {
  bucket = aws_s3_bucket.data.id
  versioning_configuration { status = "Suspended" }
}

resource "aws_sqs_queue" "jobs" {
  name                       = "${local.name}-jobs"
  visibility_timeout_seconds = 900
  sqs_managed_sse_enabled    = true
}

resource "aws_cloudwatch_log_group" "jobs" {
  name              = "/${local.name}/jobs"
  retention_in_days = 14
}

resource "aws_ecr_repository" "images" {
  name                 = "${local.name}-images"
  image_tag_mutability = "MUTABLE"
  image_scanning_configuration { scan_on_push = true }
}

resource "aws_sns_topic" "alerts" {
  name = "${local.name}-alerts"
  tags = { Owner = "platform" }
}
