variable "project" {
  description = "The stack's `project`."
  type        = string
  default     = "trainyard"
  nullable    = false
}

variable "environment" {
  description = "The stack's `environment`."
  type        = string
  nullable    = false
}

variable "role_path" {
  description = "The stack's `role_path`."
  type        = string
  default     = "/"
  nullable    = false
}

variable "role_name_prefix" {
  description = "The stack's `role_name_prefix`."
  type        = string
  default     = ""
  nullable    = false
}

variable "permissions_boundary_arn" {
  description = "The stack's `permissions_boundary_arn`."
  type        = string
  default     = null
}

variable "kms_key_arn" {
  description = "The stack's key: its `kms_key_arn`, or its output of that name."
  type        = string
  default     = null
}

variable "create_kms_key" {
  description = "The stack's `create_kms_key`."
  type        = bool
  default     = false
  nullable    = false
}

variable "create_network" {
  description = "The stack's `create_network`."
  type        = bool
  default     = false
  nullable    = false
}

variable "vpc_id" {
  description = "The stack's `vpc_id`."
  type        = string
  default     = null
}

variable "manage_log_group" {
  description = "The stack's `manage_log_group`."
  type        = bool
  default     = false
  nullable    = false
}
