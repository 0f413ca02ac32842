resource "aws_sqs_queue" "jobs" {
  name = "golden-no-change-jobs"
}

output "queue" {
  value = aws_sqs_queue.jobs.name
}
