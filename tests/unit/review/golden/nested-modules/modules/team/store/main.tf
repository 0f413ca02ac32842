variable "name" {
  type = string
}

variable "keep" {
  type = bool
}

resource "aws_s3_bucket" "this" {
  bucket        = "${var.name}-store"
  force_destroy = !var.keep
}

resource "aws_sqs_queue" "this" {
  count = 2
  name  = "${var.name}-store-${count.index}"
}

output "bucket" {
  value = aws_s3_bucket.this.bucket
}
