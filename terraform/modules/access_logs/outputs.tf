output "name" {
  description = "Name of the bucket for access logs, set when S3 may write to it."
  value       = aws_s3_bucket.this.id
  depends_on  = [aws_s3_bucket_lifecycle_configuration.this, aws_s3_bucket_policy.this]
}
