variable "kms_key_arn" {
  description = "ARN of a KMS key of yours for buckets, repository, job outputs and volumes. A state bucket that `make` creates uses it too."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key, not of an alias: arn:aws:kms:<region>:<account>:key/<id>."
  }
}

variable "create_kms_key" {
  description = "Create a KMS key for buckets, repository, job outputs and volumes. Deleting it later makes unreadable what it encrypted."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !(var.create_kms_key && var.kms_key_arn != null)
    error_message = "create_kms_key = true creates a key, and kms_key_arn names another one. Remove one or the other."
  }
}

variable "key_administrator_arns" {
  description = "ARNs of the users and roles that administer the key of create_kms_key; none: all whom IAM allows it."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition = length(var.key_administrator_arns) <= 20 && alltrue([
      for arn in var.key_administrator_arns : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+$", arn))
    ])
    error_message = "key_administrator_arns may have at most 20 entries. Each must be the ARN of an IAM user or role: arn:aws:iam::<account>:role/<name>."
  }
}
