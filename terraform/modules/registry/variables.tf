variable "name" {
  description = "Name of the repository."
  type        = string
  nullable    = false
}

variable "kept_images" {
  description = "How many images stay; older ones are deleted. A training image has a size of several GB."
  type        = number
  default     = 50
  nullable    = false

  validation {
    condition     = var.kept_images >= 1
    error_message = "kept_images must be at least 1."
  }
}

variable "force_delete" {
  description = "Let the repository be deleted while it holds images. They are not recoverable."
  type        = bool
  default     = false
  nullable    = false
}
