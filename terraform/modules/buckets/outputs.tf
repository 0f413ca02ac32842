# A bucket is named only when nothing of its protection is missing: after an apply that broke off, nobody is led to
# write into a bucket that is still open to plain HTTP.

output "data_name" {
  description = "Name of the bucket of the training data."
  value       = aws_s3_bucket.this["data"].bucket
  depends_on = [
    aws_s3_bucket_policy.this, aws_s3_bucket_server_side_encryption_configuration.this, aws_s3_bucket_versioning.this,
  ]
}

output "models_name" {
  description = "Name of the bucket of the trained models."
  value       = aws_s3_bucket.this["models"].bucket
  depends_on = [
    aws_s3_bucket_policy.this, aws_s3_bucket_server_side_encryption_configuration.this, aws_s3_bucket_versioning.this,
  ]
}

output "checkpoints_name" {
  description = "Name of the bucket of the checkpoints."
  value       = aws_s3_bucket.this["checkpoints"].bucket
  depends_on  = [aws_s3_bucket_policy.this, aws_s3_bucket_server_side_encryption_configuration.this]
}
