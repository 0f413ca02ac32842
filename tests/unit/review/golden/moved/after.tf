moved {
  from = aws_s3_bucket.old_name
  to   = aws_s3_bucket.data
}

resource "aws_s3_bucket" "data" {
  bucket = "golden-moved-data"
}

moved {
  from = aws_sqs_queue.root
  to   = module.queue.aws_sqs_queue.this
}

module "queue" {
  source = "./modules/queue"
  name   = "golden-moved-jobs"
}

moved {
  from = aws_sns_topic.one
  to   = aws_sns_topic.each["one"]
}

# It moves, and changes besides.
resource "aws_sns_topic" "each" {
  for_each     = toset(["one"])
  name         = "golden-moved-${each.key}"
  display_name = "One"
}
