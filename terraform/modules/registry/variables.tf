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

variable "force_delete" {
  description = "Delete the repository even if it contains images. The images are not recoverable."
  type        = bool
  default     = false
  nullable    = false
}
