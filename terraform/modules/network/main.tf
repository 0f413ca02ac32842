data "aws_region" "current" {}

data "aws_availability_zones" "here" {
  # checkov:skip=CKV_AWS_394: the subnets stay where they are when AWS adds a zone
  state = "available"

  # No local zones: SageMaker and the endpoints are in the region's own zones.
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

locals {
  region = data.aws_region.current.id
  zones  = slice(sort(data.aws_availability_zones.here.names), 0, 2)

  # https://docs.aws.amazon.com/sagemaker/latest/dg/train-vpc.html
  services = toset(["ecr.api", "ecr.dkr", "kms", "logs", "sagemaker.api", "sts"])
}

# Without an internet gateway: nothing in here reaches the internet, nor is reached from it.
resource "aws_vpc" "this" {
  # checkov:skip=CKV2_AWS_11: nothing leaves this network; flow logs are your decision, and cost by volume
  cidr_block           = var.cidr_block
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = var.name }
}

# The group that AWS adds to what names none: it allows nothing.
resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id
}

resource "aws_subnet" "this" {
  for_each = { first = 0, second = 1 }

  vpc_id            = aws_vpc.this.id
  availability_zone = local.zones[each.value]
  cidr_block        = cidrsubnet(var.cidr_block, 4, each.value)

  tags = { Name = "${var.name}-${each.key}" }

  # If AWS adds a zone or closes one for new resources, other zones come first. Subnets cannot move.
  lifecycle {
    ignore_changes = [availability_zone]
  }
}

resource "aws_route_table" "this" {
  vpc_id = aws_vpc.this.id

  tags = { Name = var.name }
}

resource "aws_route_table_association" "this" {
  for_each = aws_subnet.this

  subnet_id      = each.value.id
  route_table_id = aws_route_table.this.id
}

resource "aws_security_group" "jobs" {
  # checkov:skip=CKV2_AWS_5: SageMaker attaches it to the instances of each job
  name        = "${var.name}-jobs"
  description = "Training jobs"
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.name}-jobs" }
}

# The instances of one job talk to each other on ports that they choose.
# https://docs.aws.amazon.com/sagemaker/latest/dg/train-vpc.html#train-vpc-groups
resource "aws_vpc_security_group_ingress_rule" "between_instances" {
  # checkov:skip=CKV_AWS_23: its name says what it is for
  security_group_id            = aws_security_group.jobs.id
  referenced_security_group_id = aws_security_group.jobs.id
  ip_protocol                  = "-1"
}

resource "aws_vpc_security_group_egress_rule" "between_instances" {
  # checkov:skip=CKV_AWS_23: its name says what it is for
  security_group_id            = aws_security_group.jobs.id
  referenced_security_group_id = aws_security_group.jobs.id
  ip_protocol                  = "-1"
}

# AWS's services, through the interface endpoints.
resource "aws_vpc_security_group_egress_rule" "to_endpoints" {
  # checkov:skip=CKV_AWS_23: its name says what it is for
  security_group_id            = aws_security_group.jobs.id
  referenced_security_group_id = aws_security_group.endpoints.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

# S3, through the gateway endpoint.
resource "aws_vpc_security_group_egress_rule" "to_s3" {
  # checkov:skip=CKV_AWS_23: its name says what it is for
  security_group_id = aws_security_group.jobs.id
  prefix_list_id    = aws_vpc_endpoint.s3.prefix_list_id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_security_group" "endpoints" {
  name        = "${var.name}-endpoints"
  description = "Interface endpoints of AWS's services"
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.name}-endpoints" }
}

resource "aws_vpc_security_group_ingress_rule" "from_jobs" {
  # checkov:skip=CKV_AWS_23: its name says what it is for
  security_group_id            = aws_security_group.endpoints.id
  referenced_security_group_id = aws_security_group.jobs.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

# Gateway endpoints cost nothing.
resource "aws_vpc_endpoint" "s3" {
  vpc_id          = aws_vpc.this.id
  service_name    = "com.amazonaws.${local.region}.s3"
  route_table_ids = [aws_route_table.this.id]

  tags = { Name = "${var.name}-s3" }
}

resource "aws_vpc_endpoint" "this" {
  for_each = local.services

  vpc_id              = aws_vpc.this.id
  service_name        = "com.amazonaws.${local.region}.${each.value}"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = [for subnet in aws_subnet.this : subnet.id]
  security_group_ids  = [aws_security_group.endpoints.id]
  private_dns_enabled = true

  tags = { Name = "${var.name}-${each.value}" }
}
