# The bucket and the queue go to another team's state and stay as they are; the topic is deleted.

removed {
  from = aws_s3_bucket.data
  lifecycle {
    destroy = false
  }
}

removed {
  from = aws_sqs_queue.jobs
  lifecycle {
    destroy = false
  }
}
