variable "name" {
  description = "First part of the names of VPC, subnets, security groups and endpoints."
  type        = string
  nullable    = false
}

variable "cidr_block" {
  description = "Addresses of the VPC. Each of its two subnets gets a sixteenth of them."
  type        = string
  default     = "10.0.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrsubnet(var.cidr_block, 4, 1)) && can(regex("/(1[6-9]|2[0-4])$", var.cidr_block))
    error_message = "cidr_block must have a prefix of 16 to 24 bits: 10.0.0.0/16."
  }
}
