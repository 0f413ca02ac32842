resource "aws_s3_bucket" "data" {
  bucket = "golden-reverted-data"
}

resource "aws_s3_bucket_public_access_block" "data" {
  bucket                  = aws_s3_bucket.data.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_sqs_queue" "jobs" {
  name                       = "golden-reverted-jobs"
  visibility_timeout_seconds = 60
}

resource "aws_sqs_queue" "results" {
  name                       = "golden-reverted-results"
  visibility_timeout_seconds = 60
  message_retention_seconds  = 3600
}

resource "aws_sns_topic" "alerts" {
  name = "golden-reverted-alerts"
}
