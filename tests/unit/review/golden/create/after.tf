# A small stack as a team would begin with: nothing is there before.

locals {
  name    = "golden-create"
  account = "123456789012"
}

resource "aws_s3_bucket" "data" {
  bucket = "${local.name}-data"
  tags   = { Owner = "ml" }
}

resource "aws_s3_bucket_public_access_block" "data" {
  bucket                  = aws_s3_bucket.data.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "data" {
  bucket = aws_s3_bucket.data.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OnlyTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = ["arn:aws:s3:::${local.name}-data", "arn:aws:s3:::${local.name}-data/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

resource "aws_iam_role" "reader" {
  name = "${local.name}-reader"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "sagemaker.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "reader" {
  name = "read"
  role = aws_iam_role.reader.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "s3:ListBucket", Resource = "arn:aws:s3:::${local.name}-data" },
      { Effect = "Allow", Action = ["s3:GetObject"], Resource = "arn:aws:s3:::${local.name}-data/*" },
      { Effect = "Allow", Action = "iam:PassRole", Resource = "*" },
    ]
  })
}

resource "aws_kms_key" "data" {
  description         = "What lies in the data bucket"
  enable_key_rotation = true
}

resource "aws_sqs_queue" "jobs" {
  name = "${local.name}-jobs"
}

resource "aws_cloudwatch_log_group" "jobs" {
  name = "/${local.name}/jobs"
}

output "bucket" {
  value = aws_s3_bucket.data.arn
}
