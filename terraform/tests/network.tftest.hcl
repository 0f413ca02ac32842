# Offline: the real provider with invented keys. The only answer that it needs from AWS is overridden below.
provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

override_data {
  target = data.aws_availability_zones.here
  values = { names = ["eu-central-1c", "eu-central-1b", "eu-central-1a"] }
}

variables {
  name = "the-network"
}

run "jobs_reach_aws_and_nothing_else" {
  command = plan

  module {
    source = "./modules/network"
  }

  assert {
    condition = { for subnet in aws_subnet.this : subnet.availability_zone => [subnet.cidr_block, subnet.map_public_ip_on_launch] } == {
      "eu-central-1a" = ["10.0.0.0/20", false], "eu-central-1b" = ["10.0.16.0/20", false]
    }
    error_message = "There must be two private subnets, in two zones."
  }

  assert {
    condition = sort([for endpoint in aws_vpc_endpoint.this : endpoint.service_name]) == sort([
      for service in ["ecr.api", "ecr.dkr", "kms", "logs", "sagemaker.api", "sts"] : "com.amazonaws.eu-central-1.${service}"
    ]) && alltrue([for endpoint in aws_vpc_endpoint.this : endpoint.private_dns_enabled])
    error_message = "There must be an interface endpoint for each service that a job needs, under the service's own name."
  }

  assert {
    condition = alltrue([
      for rule in [
        aws_vpc_security_group_egress_rule.between_instances, aws_vpc_security_group_egress_rule.to_endpoints,
        aws_vpc_security_group_egress_rule.to_s3, aws_vpc_security_group_ingress_rule.between_instances,
        aws_vpc_security_group_ingress_rule.from_jobs,
      ] : rule.cidr_ipv4 == null && rule.cidr_ipv6 == null
    ])
    error_message = "No rule may name addresses: traffic is allowed between these groups and to S3's prefix list only."
  }
}
