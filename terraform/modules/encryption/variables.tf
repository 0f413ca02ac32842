variable "description" {
  description = "What the key is for, as the console shows it."
  type        = string
  nullable    = false
}

variable "role_arn" {
  description = "ARN of the role that training jobs run as. It may not exist yet."
  type        = string
  nullable    = false
}

variable "administrator_arns" {
  description = "ARNs of the users and roles that administer the key; none: all whom IAM allows it. One of them must be who applies the stack."
  type        = list(string)
  default     = []
  nullable    = false
}
