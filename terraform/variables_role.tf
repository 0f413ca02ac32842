variable "existing_role_arn" {
  description = "ARN of an existing training role. The stack then creates none; the role needs the permissions that modules/training_role lists."
  type        = string
  default     = null

  validation {
    condition     = var.existing_role_arn == null || can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$", var.existing_role_arn))
    error_message = "existing_role_arn must be the ARN of an IAM role: arn:aws:iam::<account>:role/<name>."
  }

  validation {
    condition = var.existing_role_arn == null || (
      var.permissions_boundary_arn == null && var.role_path == "/" && var.role_name_prefix == "" &&
      length(var.extra_data_arns) + length(var.extra_repository_arns) + length(var.extra_policy_arns) == 0
    )
    error_message = "existing_role_arn names a role that the stack does not change. Remove permissions_boundary_arn, role_path, role_name_prefix and extra_…_arns, or remove existing_role_arn."
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

variable "role_path" {
  description = "Path of the training role in IAM, for accounts that allow roles only below a path."
  type        = string
  default     = "/"
  nullable    = false

  validation {
    condition     = can(regex("^/([A-Za-z0-9+=,.@_-]+/)*$", var.role_path)) && length(var.role_path) <= 512
    error_message = "role_path must begin and end with a slash and have at most 512 characters: / or /teams/ml/."
  }
}

variable "role_name_prefix" {
  description = "Text before the training role's name, for accounts that allow only role names with a certain beginning."
  type        = string
  default     = ""
  nullable    = false

  validation {
    # The role is <prefix><project>-<environment>-training-<12 digits>-<region of up to 14 characters>; IAM allows 64.
    condition = (
      can(regex("^[A-Za-z0-9+=,.@_-]*$", var.role_name_prefix)) &&
      length(var.role_name_prefix) + length(var.project) + length(var.environment) <= 26
    )
    error_message = "role_name_prefix may contain only letters, digits and +=,.@_-, and may have at most 26 characters together with project and environment."
  }
}

variable "extra_data_arns" {
  description = "ARNs of more S3 buckets, or of prefixes in them, that training jobs may read."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition = length(var.extra_data_arns) <= 20 && alltrue([
      for arn in var.extra_data_arns : can(regex("^arn:aws[a-z-]*:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^*?$]+/[*])?$", arn))
    ])
    error_message = "extra_data_arns may have at most 20 entries. Each must be the ARN of a bucket, arn:aws:s3:::<bucket>, or of a prefix, arn:aws:s3:::<bucket>/<prefix>/*."
  }
}

variable "extra_repository_arns" {
  description = "ARNs of more ECR repositories that training jobs may pull images from."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition = length(var.extra_repository_arns) <= 20 && alltrue([
      for arn in var.extra_repository_arns :
      can(regex("^arn:aws[a-z-]*:ecr:[a-z0-9-]+:[0-9]{12}:repository/[a-z0-9._/-]+$", arn))
    ])
    error_message = "extra_repository_arns may have at most 20 entries. Each must be the ARN of a repository: arn:aws:ecr:<region>:<account>:repository/<name>."
  }
}

variable "extra_policy_arns" {
  description = "ARNs of more IAM policies for the training role, for what else your training program calls."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition = length(var.extra_policy_arns) <= 10 && alltrue([
      for arn in var.extra_policy_arns : can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+$", arn))
    ])
    error_message = "extra_policy_arns may have at most 10 entries. Each must be the ARN of an IAM policy: arn:aws:iam::<account>:policy/<name>."
  }
}
