variable "data_name" {
  description = "Name of the bucket of the training data. Unique in the whole world."
  type        = string
  nullable    = false
}

variable "models_name" {
  description = "Name of the bucket of the trained models. Unique in the whole world."
  type        = string
  nullable    = false
}

variable "checkpoints_name" {
  description = "Name of the bucket of the checkpoints. Unique in the whole world."
  type        = string
  nullable    = false
}

variable "old_version_days" {
  description = "Days that an overwritten or deleted object of data and models can still be brought back."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.old_version_days >= 1
    error_message = "old_version_days must be at least 1."
  }
}

variable "checkpoint_days" {
  description = "Days until a checkpoint is deleted. A training job lasts 28 days at most."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.checkpoint_days >= 1
    error_message = "checkpoint_days must be at least 1."
  }
}

variable "force_destroy" {
  description = "Let the buckets be deleted while they hold objects, all versions included. They are not recoverable."
  type        = bool
  default     = false
  nullable    = false
}
