variable "name" {
  description = "Name of the role. Unique in the account, over all regions."
  type        = string
  nullable    = false
}

variable "data_bucket_arn" {
  description = "ARN of the bucket that jobs read."
  type        = string
  nullable    = false
}

variable "models_bucket_arn" {
  description = "ARN of the bucket that jobs write models to."
  type        = string
  nullable    = false
}

variable "checkpoints_bucket_arn" {
  description = "ARN of the bucket that jobs keep checkpoints in."
  type        = string
  nullable    = false
}

variable "repository_arn" {
  description = "ARN of the ECR repository that jobs pull their image from."
  type        = string
  nullable    = false
}

variable "may_create_log_group" {
  description = "Whether jobs may create the log group that all training jobs share. Needed where nobody else makes it."
  type        = bool
  default     = true
  nullable    = false
}

variable "permissions_boundary_arn" {
  description = "ARN of the policy that bounds the role, for accounts that demand one."
  type        = string
  default     = null
}
