locals {
  queues = {
    plain          = 30
    "with a space" = 60
    "a|b <script>" = 90
    goes           = 30
  }
}

resource "aws_sqs_queue" "each" {
  for_each                   = local.queues
  name                       = "golden-for-each-${md5(each.key)}"
  visibility_timeout_seconds = each.value
  tags                       = { Key = substr(md5(each.key), 0, 8) }
}

resource "aws_sns_topic" "counted" {
  count = 3
  name  = "golden-for-each-${count.index}"
}
