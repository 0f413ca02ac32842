# A bucket is named only when nothing of its settings is missing: after an apply that broke off, nobody is led to
# write into a bucket that is still open to plain HTTP, or keeps no versions. (Hence `id`: a name that is known when
# Terraform plans would be an output at once.)

output "data_name" {
  description = "Name of the bucket of the training data."
  value       = aws_s3_bucket.this["data"].id
  depends_on = [
    aws_s3_bucket_lifecycle_configuration.this,
    aws_s3_bucket_policy.this,
    aws_s3_bucket_server_side_encryption_configuration.this,
    aws_s3_bucket_versioning.this,
  ]
}

output "models_name" {
  description = "Name of the bucket of the trained models."
  value       = aws_s3_bucket.this["models"].id
  depends_on = [
    aws_s3_bucket_lifecycle_configuration.this,
    aws_s3_bucket_policy.this,
    aws_s3_bucket_server_side_encryption_configuration.this,
    aws_s3_bucket_versioning.this,
  ]
}

output "checkpoints_name" {
  description = "Name of the bucket of the checkpoints."
  value       = aws_s3_bucket.this["checkpoints"].id
  depends_on = [
    aws_s3_bucket_lifecycle_configuration.this,
    aws_s3_bucket_policy.this,
    aws_s3_bucket_server_side_encryption_configuration.this,
    aws_s3_bucket_versioning.this,
  ]
}
