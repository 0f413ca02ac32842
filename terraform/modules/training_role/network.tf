locals {
  subnet_arns = [
    for id in try(var.network.subnet_ids, []) : "arn:${local.partition}:ec2:${local.region}:*:subnet/${id}"
  ]
  security_group_arns = [
    for id in try(var.network.security_group_ids, []) : "arn:${local.partition}:ec2:${local.region}:*:security-group/${id}"
  ]
}

# "Execution Role Permissions" in SageMaker's developer guide, for a private VPC. AWS's page allows it on everything; here
# it is limited to the network interfaces in these subnets. Another account may own the subnets and share them.
# https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
data "aws_iam_policy_document" "network" {
  count = var.network == null ? 0 : 1

  statement {
    sid       = "UseSubnets"
    actions   = ["ec2:CreateNetworkInterface"]
    resources = concat(local.subnet_arns, local.security_group_arns)
  }

  statement {
    sid = "ManageInterfaces"
    actions = [
      "ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface",
      "ec2:DeleteNetworkInterfacePermission",
    ]
    resources = ["arn:${local.partition}:ec2:${local.region}:*:network-interface/*"]

    condition {
      test     = "ArnLike"
      variable = "ec2:Subnet"
      values   = local.subnet_arns
    }
  }

  statement {
    sid = "LookAtNetwork"
    actions = [
      "ec2:DescribeDhcpOptions", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets",
      "ec2:DescribeVpcs",
    ]
    resources = ["*"] # AWS offers no resource for these actions
  }
}

resource "aws_iam_role_policy" "network" {
  count = var.network == null ? 0 : 1

  name   = "network"
  role   = aws_iam_role.this.name
  policy = data.aws_iam_policy_document.network[0].json
}
