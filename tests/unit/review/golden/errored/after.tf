# The queue is planned before Terraform finds that the bucket's precondition does not hold.

variable "name" {
  default = "golden-errored"
}

resource "aws_sqs_queue" "jobs" {
  name = "${var.name}-jobs"
}

resource "aws_s3_bucket" "data" {
  bucket = "${var.name}-${aws_sqs_queue.jobs.name}"
  lifecycle {
    precondition {
      condition     = endswith(var.name, "-dev")
      error_message = "Only names that end with -dev are allowed here."
    }
  }
}
