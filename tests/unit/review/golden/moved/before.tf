resource "aws_s3_bucket" "old_name" {
  bucket = "golden-moved-data"
}

resource "aws_sqs_queue" "root" {
  name = "golden-moved-jobs"
}

resource "aws_sns_topic" "one" {
  name = "golden-moved-one"
}
