variable "name" {
  description = "Name of the role. It must be unique in the account, in all regions together."
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
  description = "ARN of the bucket that jobs write checkpoints to and read them from."
  type        = string
  nullable    = false
}

variable "repository_arn" {
  description = "ARN of the ECR repository that jobs pull their image from."
  type        = string
  nullable    = false
}

variable "may_create_log_group" {
  description = "Whether jobs may create the log group that all training jobs share. Needed if nothing else creates it."
  type        = bool
  default     = true
  nullable    = false
}

variable "permissions_boundary_arn" {
  description = "ARN of the role's permissions boundary, for accounts that require one."
  type        = string
  default     = null
}

variable "path" {
  description = "Path of the role in IAM."
  type        = string
  default     = "/"
  nullable    = false
}

variable "extra_data_arns" {
  description = "ARNs of more buckets, arn:aws:s3:::<bucket>, or prefixes, arn:aws:s3:::<bucket>/<prefix>/*, that jobs read."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "extra_repository_arns" {
  description = "ARNs of more ECR repositories that jobs pull images from."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "extra_policy_arns" {
  description = "ARNs of more IAM policies for the role."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "kms_key" {
  description = "The KMS key, { arn = … }, that jobs use for data, outputs and volumes; null: none."
  type        = object({ arn = string })
  default     = null
}

variable "network" {
  description = "The subnets and security groups of a VPC, { subnet_ids = […], security_group_ids = […] }, in which jobs run; null: none."
  type        = object({ subnet_ids = list(string), security_group_ids = list(string) })
  default     = null
}
