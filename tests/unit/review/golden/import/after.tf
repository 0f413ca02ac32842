# All three exist already; somebody made them by hand.

import {
  to = aws_s3_bucket.as_it_is
  id = "golden-import-as-it-is"
}

resource "aws_s3_bucket" "as_it_is" {
  bucket        = "golden-import-as-it-is"
  force_destroy = false
}

import {
  to = aws_sqs_queue.changed
  id = "https://sqs.us-east-1.amazonaws.com/123456789012/golden-import-changed"
}

resource "aws_sqs_queue" "changed" {
  name                       = "golden-import-changed"
  visibility_timeout_seconds = 120
  tags                       = { Owner = "ml" }
}

locals {
  topics = toset(["alerts", "news"])
}

import {
  for_each = local.topics
  to       = aws_sns_topic.each[each.key]
  id       = "arn:aws:sns:us-east-1:123456789012:golden-import-${each.key}"
}

resource "aws_sns_topic" "each" {
  for_each = local.topics
  name     = "golden-import-${each.key}"
}
