variable "name" {
  description = "Name of the bucket for access logs. It must be unique worldwide."
  type        = string
  nullable    = false
}

variable "source_bucket_arns" {
  description = "ARNs of the buckets that log here."
  type        = list(string)
  nullable    = false
}

variable "days" {
  description = "Days until a log is deleted."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = var.days >= 1 && floor(var.days) == var.days
    error_message = "days must be a whole number of at least 1."
  }
}

variable "protect" {
  description = "Deny everybody s3:DeleteBucket in the bucket policy."
  type        = bool
  default     = false
  nullable    = false
}

variable "force_destroy" {
  description = "Delete the bucket even if it contains logs. They are not recoverable."
  type        = bool
  default     = false
  nullable    = false
}
