# Jobs can start only when the endpoints exist: without them they reach neither S3 nor ECR.

output "subnet_ids" {
  description = "IDs of the private subnets, set when jobs can reach AWS's services from them."
  value       = [for subnet in aws_subnet.this : subnet.id]
  depends_on = [
    aws_route_table_association.this,
    aws_vpc_endpoint.s3,
    aws_vpc_endpoint.this,
  ]
}

output "security_group_ids" {
  description = "ID of the security group for training jobs, in a list."
  value       = [aws_security_group.jobs.id]
  depends_on = [
    aws_vpc_security_group_egress_rule.between_instances,
    aws_vpc_security_group_egress_rule.to_endpoints,
    aws_vpc_security_group_egress_rule.to_s3,
    aws_vpc_security_group_ingress_rule.between_instances,
    aws_vpc_security_group_ingress_rule.from_jobs,
  ]
}
