# What others change is left as it is: the configuration says so, or says nothing of it.

resource "aws_s3_bucket" "data" {
  bucket = "golden-drift-data"
  tags   = { Owner = "ml" }
  lifecycle {
    ignore_changes = [tags, tags_all]
  }
}

resource "aws_sqs_queue" "jobs" {
  name = "golden-drift-jobs"
  lifecycle {
    ignore_changes = [visibility_timeout_seconds]
  }
}

resource "aws_iam_role" "worker" {
  name = "golden-drift-worker"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_sns_topic" "alerts" {
  name         = "golden-drift-alerts"
  display_name = "Alerts"
}
