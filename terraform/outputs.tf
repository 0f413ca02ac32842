output "project" {
  description = "First part of every name."
  value       = var.project
}

output "environment" {
  description = "Second part of every name."
  value       = var.environment
}

output "region" {
  description = "Region of the stack."
  value       = local.region
}

output "account_id" {
  description = "Account of the stack."
  value       = local.account_id
}

output "repository_arn" {
  description = "ARN of the repository of training images. It contains their account and region."
  value       = var.existing_repository_arn == null ? module.registry[0].arn : data.aws_ecr_repository.existing[0].arn
}

output "repository_name" {
  description = "Name of the repository of training images."
  value       = var.existing_repository_arn == null ? module.registry[0].name : data.aws_ecr_repository.existing[0].name
}

output "repository_url" {
  description = "URL of the repository of training images: the URI of every image starts with it."
  value       = var.existing_repository_arn == null ? module.registry[0].url : data.aws_ecr_repository.existing[0].repository_url
}

output "role_arn" {
  description = "ARN of the role that training jobs run as."
  value       = var.existing_role_arn == null ? module.training_role[0].arn : var.existing_role_arn
}

output "data_bucket" {
  description = "Name of the bucket for training data."
  value       = module.buckets.data_name
}

output "models_bucket" {
  description = "Name of the bucket for trained models."
  value       = module.buckets.models_name
}

output "checkpoints_bucket" {
  description = "Name of the bucket for the checkpoints of running and interrupted jobs."
  value       = module.buckets.checkpoints_name
}

# An option that is not used gives null, which is no output: so a stack without it stays as it is.

output "tags" {
  description = "Tags of `tags`, which training jobs get too."
  value       = length(var.tags) == 0 ? null : var.tags
}

output "kms_key_arn" {
  description = "ARN of the key for job outputs and volumes."
  value       = one(local.kms_key[*].arn)
}

output "subnet_ids" {
  description = "IDs of the subnets that training jobs run in."
  value       = one(local.network[*].subnet_ids)
}

output "security_group_ids" {
  description = "IDs of the security groups of training jobs."
  value       = one(local.network[*].security_group_ids)
}

output "existing_buckets" {
  description = "Names of the buckets that the stack was given, by purpose."
  value       = length(var.existing_buckets) == 0 ? null : var.existing_buckets
}
