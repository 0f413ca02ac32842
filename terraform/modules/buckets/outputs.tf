# An output is set only when all settings of its bucket are applied. Otherwise, after an interrupted apply, you could
# write to a bucket that still accepts plain HTTP or keeps no versions. The outputs use `id`, because a name that is
# known in the plan would be set at once.

output "data_name" {
  description = "Name of the bucket for training data."
  value       = contains(var.existing, "data") ? var.data_name : aws_s3_bucket.this["data"].id
  depends_on = [
    aws_s3_bucket_lifecycle_configuration.this,
    aws_s3_bucket_logging.this,
    aws_s3_bucket_policy.this,
    aws_s3_bucket_server_side_encryption_configuration.this,
    aws_s3_bucket_versioning.this,
  ]
}

output "models_name" {
  description = "Name of the bucket for trained models."
  value       = contains(var.existing, "models") ? var.models_name : aws_s3_bucket.this["models"].id
  depends_on = [
    aws_s3_bucket_lifecycle_configuration.this,
    aws_s3_bucket_logging.this,
    aws_s3_bucket_policy.this,
    aws_s3_bucket_server_side_encryption_configuration.this,
    aws_s3_bucket_versioning.this,
  ]
}

output "checkpoints_name" {
  description = "Name of the bucket for checkpoints."
  value       = contains(var.existing, "checkpoints") ? var.checkpoints_name : aws_s3_bucket.this["checkpoints"].id
  depends_on = [
    aws_s3_bucket_lifecycle_configuration.this,
    aws_s3_bucket_logging.this,
    aws_s3_bucket_policy.this,
    aws_s3_bucket_server_side_encryption_configuration.this,
    aws_s3_bucket_versioning.this,
  ]
}
