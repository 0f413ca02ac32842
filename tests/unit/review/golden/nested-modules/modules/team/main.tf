variable "name" {
  type = string
}

variable "keep" {
  type = bool
}

module "store" {
  source = "./store"
  name   = var.name
  keep   = var.keep
}

resource "aws_sns_topic" "alerts" {
  name = "${var.name}-alerts"
}

output "bucket" {
  value = module.store.bucket
}
