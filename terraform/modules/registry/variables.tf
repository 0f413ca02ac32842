variable "name" {
  description = "Name of the repository."
  type        = string
  nullable    = false
}

variable "kept_images" {
  description = "Number of images that are kept; older ones are deleted. A training image has several GB."
  type        = number
  default     = 50
  nullable    = false

  validation {
    condition     = var.kept_images >= 1 && floor(var.kept_images) == var.kept_images
    error_message = "kept_images must be a whole number of at least 1."
  }
}

variable "kms_key" {
  description = "The KMS key, { arn = … }, of a repository that is created; one that exists keeps its encryption; null: ECR's own key."
  type        = object({ arn = string })
  default     = null
}

variable "force_delete" {
  description = "Delete the repository even if it contains images. The images are not recoverable."
  type        = bool
  default     = false
  nullable    = false
}
