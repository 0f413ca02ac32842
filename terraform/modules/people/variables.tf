variable "name" {
  description = "First part of the policies' names."
  type        = string
  nullable    = false
}

variable "path" {
  description = "Path of the policies in IAM."
  type        = string
  default     = "/"
  nullable    = false
}

variable "environment" {
  description = "The stack's environment: its state is below this key."
  type        = string
  nullable    = false
}

variable "role_arn" {
  description = "ARN of the role that training jobs run as. It may not exist yet."
  type        = string
  nullable    = false
}

variable "repository_arn" {
  description = "ARN of the repository for training images."
  type        = string
  nullable    = false
}

variable "data_bucket_arn" {
  description = "ARN of the bucket that people upload data to."
  type        = string
  nullable    = false
}

variable "models_bucket_arn" {
  description = "ARN of the bucket that people download models from."
  type        = string
  nullable    = false
}

variable "checkpoints_bucket_arn" {
  description = "ARN of the bucket for checkpoints."
  type        = string
  nullable    = false
}

variable "bucket_arns" {
  description = "ARNs of the buckets that the stack creates, that for access logs included."
  type        = list(string)
  nullable    = false
}

variable "permissions_boundary_arn" {
  description = "ARN of the boundary that the training role must have. Without one, who builds the stack can give its role any permission."
  type        = string
  default     = null
}

variable "extra_policy_arns" {
  description = "ARNs of the policies that may be attached to the training role."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "kms_key_arn" {
  description = "ARN of the key that encrypts buckets and repository; none: S3's and ECR's own."
  type        = string
  default     = null
}

variable "create_kms_key" {
  description = "Whether the stack creates its key."
  type        = bool
  default     = false
  nullable    = false
}

variable "create_network" {
  description = "Whether the stack creates its network."
  type        = bool
  default     = false
  nullable    = false
}

variable "vpc_id" {
  description = "The stack's `vpc_id`, if it has one: a plan looks at the subnets and groups."
  type        = string
  default     = null
}

variable "manage_log_group" {
  description = "Whether the stack manages the log group of all training jobs."
  type        = bool
  default     = false
  nullable    = false
}

variable "stack_tags" {
  description = "Tags of all that the stack creates, { Project = …, Environment = … }: they say whose a key or a network is."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(var.stack_tags) > 0 || !(var.create_kms_key || var.create_network)
    error_message = "create_kms_key and create_network need stack_tags: without them, the policy would hold for all keys and networks of the account."
  }
}
