variable "bucket" {
  default = "golden-replace-models"
}

resource "aws_s3_bucket" "models" {
  bucket        = var.bucket
  force_destroy = true
}

resource "aws_ecr_repository" "images" {
  name         = "golden-replace-images"
  force_delete = true
}

resource "aws_sqs_queue" "jobs" {
  name = "golden-replace-jobs"
}

resource "aws_cloudwatch_log_group" "jobs" {
  name = "/golden-replace/jobs"
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_sns_topic" "asked_for" {
  name = "golden-replace-asked-for"
}

resource "terraform_data" "release" {
  input = "one"
}

resource "aws_sns_topic" "triggered" {
  name = "golden-replace-triggered"
  lifecycle {
    replace_triggered_by = [terraform_data.release]
  }
}

output "bucket" {
  value = aws_s3_bucket.models.bucket
}
