variable "project" {
  description = "First part of every name. Lower-case letters, digits and single hyphens."
  type        = string
  default     = "trainyard"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.project))
    error_message = "project must start with a lower-case letter and may contain only lower-case letters, digits and single hyphens between them."
  }

  validation {
    # The longest name is <project>-<environment>-checkpoints-<12 digits>-<region of up to 14 characters>.
    condition     = length(var.project) + length(var.environment) <= 22
    error_message = "project and environment may have at most 22 characters together, but have ${length(var.project) + length(var.environment)}. With purpose, account and region, bucket names would exceed S3's limit of 63. Shorten one of them."
  }
}

variable "environment" {
  description = "Second part of every name, and the key of the state: local, dev, …"
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.environment))
    error_message = "environment must start with a lower-case letter and may contain only lower-case letters, digits and single hyphens between them."
  }
}

variable "existing_role_arn" {
  description = "ARN of an existing training role. The stack then creates none; the role needs the permissions that modules/training_role lists."
  type        = string
  default     = null

  validation {
    condition     = var.existing_role_arn == null || can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$", var.existing_role_arn))
    error_message = "existing_role_arn must be the ARN of an IAM role: arn:aws:iam::<account>:role/<name>."
  }
}

variable "permissions_boundary_arn" {
  description = "ARN of the permissions boundary of the training role, for accounts that require one."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be the ARN of an IAM policy: arn:aws:iam::<account>:policy/<name>."
  }
}

variable "manage_log_group" {
  description = "Manage the log group /aws/sagemaker/TrainingJobs, which all projects of the account share, and set its retention to a year. If the group exists already, import it first."
  type        = bool
  default     = false
  nullable    = false
}

variable "force_destroy" {
  description = "Delete buckets with the stack even if they contain objects, including all versions. The objects are not recoverable."
  type        = bool
  default     = false
  nullable    = false
}

variable "force_delete" {
  description = "Delete the repository with the stack even if it contains images. The images are not recoverable."
  type        = bool
  default     = false
  nullable    = false
}
