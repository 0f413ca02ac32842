resource "aws_s3_bucket" "data" {
  bucket = "golden-forgotten-data"
}

resource "aws_sqs_queue" "jobs" {
  name = "golden-forgotten-jobs"
}

resource "aws_sns_topic" "alerts" {
  name = "golden-forgotten-alerts"
}
