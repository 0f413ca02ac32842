variable "vpc_id" {
  description = "ID of the VPC that subnet_ids and security_group_ids must belong to: a plan refuses others. None: not checked."
  type        = string
  default     = null

  validation {
    condition     = var.vpc_id == null || can(regex("^vpc-[0-9a-f]+$", var.vpc_id))
    error_message = "vpc_id must be the ID of a VPC: vpc-0123456789abcdef0."
  }

  validation {
    condition     = var.vpc_id == null || length(var.subnet_ids) > 0
    error_message = "vpc_id says where subnet_ids and security_group_ids must be. Name them too, or remove vpc_id."
  }
}

variable "subnet_ids" {
  description = "IDs of private subnets of yours, in which training jobs run. They need a way to S3, ECR and CloudWatch Logs."
  type        = list(string)
  default     = []
  nullable    = false

  # At most 16 subnets and 5 security groups: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_VpcConfig.html
  validation {
    condition     = length(var.subnet_ids) <= 16 && alltrue([for id in var.subnet_ids : can(regex("^subnet-[0-9a-f]+$", id))])
    error_message = "subnet_ids may have at most 16 entries. Each must be the ID of a subnet: subnet-0123456789abcdef0."
  }

  validation {
    condition     = (length(var.subnet_ids) == 0) == (length(var.security_group_ids) == 0)
    error_message = "subnet_ids and security_group_ids belong together: SageMaker needs both or neither."
  }
}

variable "security_group_ids" {
  description = "IDs of security groups of yours for training jobs. They must allow all traffic between the instances of a job."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.security_group_ids) <= 5 && alltrue([for id in var.security_group_ids : can(regex("^sg-[0-9a-f]+$", id))])
    error_message = "security_group_ids may have at most 5 entries. Each must be the ID of a security group: sg-0123456789abcdef0."
  }
}

variable "create_network" {
  description = "Create a VPC without a way to the internet, in which training jobs run. Its endpoints cost about 88 USD a month."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !(var.create_network && length(var.subnet_ids) > 0)
    error_message = "create_network = true creates subnets, and subnet_ids names others. Remove one or the other."
  }
}

variable "network_cidr_block" {
  description = "Addresses of the VPC of create_network."
  type        = string
  default     = "10.0.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrsubnet(var.network_cidr_block, 4, 1)) && can(regex("/(1[6-9]|2[0-4])$", var.network_cidr_block))
    error_message = "network_cidr_block must have a prefix of 16 to 24 bits: 10.0.0.0/16."
  }
}
