variable "data_name" {
  description = "Name of the bucket for training data. It must be unique worldwide."
  type        = string
  nullable    = false
}

variable "models_name" {
  description = "Name of the bucket for trained models. It must be unique worldwide."
  type        = string
  nullable    = false
}

variable "checkpoints_name" {
  description = "Name of the bucket for checkpoints. It must be unique worldwide."
  type        = string
  nullable    = false
}

variable "old_version_days" {
  description = "Days in which you can restore an overwritten or deleted object of data and models."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.old_version_days >= 1 && floor(var.old_version_days) == var.old_version_days
    error_message = "old_version_days must be a whole number of at least 1."
  }
}

variable "checkpoint_days" {
  description = "Days until a checkpoint is deleted. A training job lasts 28 days at most."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.checkpoint_days >= 1 && floor(var.checkpoint_days) == var.checkpoint_days
    error_message = "checkpoint_days must be a whole number of at least 1."
  }
}

variable "existing" {
  description = "Which of data, models and checkpoints exist already, made by somebody else. They are used as they are."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "access_logs" {
  description = "The bucket, { bucket = … }, that gets the access logs of the others, below data/, models/ and checkpoints/; null: no logs."
  type        = object({ bucket = string })
  default     = null
}

variable "kms_key" {
  description = "The KMS key, { arn = … }, that encrypts new objects; null: S3's own keys."
  type        = object({ arn = string })
  default     = null
}

variable "protect" {
  description = "Deny everybody s3:DeleteBucket in the bucket policies."
  type        = bool
  default     = false
  nullable    = false
}

variable "force_destroy" {
  description = "Delete the buckets even if they contain objects, including all versions. The objects are not recoverable."
  type        = bool
  default     = false
  nullable    = false
}
