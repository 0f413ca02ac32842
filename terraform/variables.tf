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

variable "tags" {
  description = "Tags of everything that the stack creates, of its training jobs and of a state bucket that `make` creates."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setintersection([for key in keys(var.tags) : lower(key)], ["project", "environment", "managedby", "job"])) == 0
    error_message = "tags must not contain Project, Environment, ManagedBy or Job, which the stack and its jobs set themselves."
  }

  # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Tag.html; S3, ECR and IAM allow the same characters.
  # IAM takes two keys that differ only in case for the same.
  validation {
    condition = length(var.tags) <= 20 && length(distinct([for key in keys(var.tags) : lower(key)])) == length(var.tags) && alltrue([
      for key, value in var.tags :
      can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{1,128}$", key)) && !startswith(lower(key), "aws:") &&
      can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{0,256}$", value))
    ])
    error_message = "tags may have at most 20 entries. A key has 1 to 128 characters and a value at most 256: letters, digits, spaces and _.:/=+@-. A key must not begin with aws:, and no two keys may differ only in case."
  }
}

variable "existing_buckets" {
  description = "Names of buckets of yours, { data = …, models = …, checkpoints = … }, all or some. The stack uses them as they are."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = (
      length(setsubtract(keys(var.existing_buckets), ["data", "models", "checkpoints"])) == 0 &&
      alltrue([for name in values(var.existing_buckets) : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", name))])
    )
    error_message = "existing_buckets may have the keys data, models and checkpoints. Each value must be the name of a bucket."
  }

  validation {
    condition     = length(distinct(values(var.existing_buckets))) == length(var.existing_buckets)
    error_message = "existing_buckets must name three different buckets: the rights of training jobs differ in each."
  }
}

variable "existing_repository_arn" {
  description = "ARN of an ECR repository of yours in the stack's region, for training images. The stack uses it as it is."
  type        = string
  default     = null

  validation {
    condition = var.existing_repository_arn == null || can(
      regex("^arn:aws[a-z-]*:ecr:[a-z0-9-]+:[0-9]{12}:repository/[a-z0-9._/-]+$", var.existing_repository_arn)
    )
    error_message = "existing_repository_arn must be the ARN of a repository: arn:aws:ecr:<region>:<account>:repository/<name>."
  }
}

variable "access_logs" {
  description = "Create a bucket that gets the access logs of the stack's buckets: who read or wrote which object."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !(var.access_logs && length(var.existing_buckets) == 3)
    error_message = "access_logs = true logs the buckets that the stack creates, and existing_buckets names all three. Remove access_logs, and let the buckets' owner log them."
  }
}

variable "access_log_days" {
  description = "Days until an access log is deleted."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = var.access_log_days >= 1 && floor(var.access_log_days) == var.access_log_days
    error_message = "access_log_days must be a whole number of at least 1."
  }
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

variable "kept_images" {
  description = "Number of images that the repository keeps; older ones are deleted. A training image has several GB."
  type        = number
  default     = 50
  nullable    = false

  validation {
    condition     = var.kept_images >= 1 && floor(var.kept_images) == var.kept_images
    error_message = "kept_images must be a whole number of at least 1."
  }
}

variable "manage_log_group" {
  description = "Manage the log group /aws/sagemaker/TrainingJobs, which all projects of the account share, and set its retention to a year. If the group exists already, import it first."
  type        = bool
  default     = false
  nullable    = false
}

variable "protect" {
  description = "Refuse `make destroy`, and deny everybody s3:DeleteBucket on the buckets."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !(var.protect && (var.force_destroy || var.force_delete))
    error_message = "protect = true refuses to delete what force_destroy and force_delete let Terraform delete. Remove one or the other."
  }
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
