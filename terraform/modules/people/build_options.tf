# What the options of the stack need beyond build.tf: a policy of its own, because one has at most 6,144 characters. Keys and
# networks have no names that one could choose, so their tags say whose they are.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
# https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html

locals {
  has_new_tags = { StringEquals = { for key, value in var.stack_tags : "aws:RequestTag/${key}" => value } }
  has_tags     = { StringEquals = { for key, value in var.stack_tags : "aws:ResourceTag/${key}" => value } }
  has_no_tags  = { Null = { for key in keys(var.stack_tags) : "aws:ResourceTag/${key}" => "true" } }
  through_ecr  = { StringEquals = merge(local.has_tags.StringEquals, { "kms:ViaService" = local.ecr_service }) }

  key_arn = "arn:${local.partition}:kms:${local.region}:${local.account_id}:key/*"

  # What the module network is made of.
  network_arns = {
    for kind in ["route-table", "security-group", "security-group-rule", "subnet", "vpc", "vpc-endpoint"] :
    kind => "arn:${local.partition}:ec2:${local.region}:${local.account_id}:${kind}/*"
  }
  creations = [
    "AuthorizeSecurityGroupEgress", "AuthorizeSecurityGroupIngress", "CreateRouteTable", "CreateSecurityGroup",
    "CreateSubnet", "CreateVpc", "CreateVpcEndpoint",
  ]

  # A new key with tags needs both actions: https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html
  # Nothing here lets its holder read what the key encrypts.
  for_key = [
    {
      Sid       = "CreateKey"
      Action    = ["kms:CreateKey"]
      Resource  = "*" # AWS offers no resource for this action
      Condition = local.has_new_tags
    },
    {
      Sid       = "TagNewKey"
      Action    = ["kms:TagResource"]
      Resource  = local.key_arn
      Condition = merge(local.has_new_tags, local.has_no_tags)
    },
    {
      Sid = "ManageKey"
      Action = [
        "kms:DescribeKey", "kms:EnableKeyRotation", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus",
        "kms:ListResourceTags", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource",
        "kms:UpdateKeyDescription",
      ]
      Resource  = local.key_arn
      Condition = local.has_tags
    },
    {
      # ECR checks it unseen when it creates a repository with the key.
      # https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
      Sid       = "UseNewKeyThroughEcr"
      Action    = ["kms:CreateGrant", "kms:RetireGrant"]
      Resource  = local.key_arn
      Condition = local.through_ecr
    },
  ]

  for_network = [
    # Each creates only what has the new tags; in whose network, ManageNetwork says.
    {
      Sid       = "CreateVpc"
      Action    = ["ec2:CreateVpc"]
      Resource  = local.network_arns["vpc"]
      Condition = local.has_new_tags
    },
    {
      Sid       = "CreateParts"
      Action    = ["ec2:CreateRouteTable", "ec2:CreateSecurityGroup", "ec2:CreateSubnet"]
      Resource  = [for kind in ["route-table", "security-group", "subnet"] : local.network_arns[kind]]
      Condition = local.has_new_tags
    },
    {
      Sid       = "CreateEndpointsAndRules"
      Action    = ["ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress", "ec2:CreateVpcEndpoint"]
      Resource  = [for kind in ["security-group-rule", "vpc-endpoint"] : local.network_arns[kind]]
      Condition = local.has_new_tags
    },
    {
      # The tags of what is being created:
      # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
      Sid       = "TagNewNetwork"
      Action    = ["ec2:CreateTags"]
      Resource  = values(local.network_arns)
      Condition = { StringEquals = { "ec2:CreateAction" = local.creations } }
    },
    {
      # AWS makes the default group of a new VPC, without tags.
      Sid       = "AdoptDefaultGroup"
      Action    = ["ec2:CreateTags"]
      Resource  = local.network_arns["security-group"]
      Condition = merge(local.has_new_tags, local.has_no_tags)
    },
    {
      Sid = "ManageNetwork"
      Action = concat([for action in local.creations : "ec2:${action}" if action != "CreateVpc"], [
        "ec2:AssociateRouteTable", "ec2:CreateTags", "ec2:DeleteRouteTable", "ec2:DeleteSecurityGroup",
        "ec2:DeleteSubnet", "ec2:DeleteTags", "ec2:DeleteVpc", "ec2:DeleteVpcEndpoints", "ec2:DescribeVpcAttribute",
        "ec2:DisassociateRouteTable",
        "ec2:ModifySecurityGroupRules", "ec2:ModifySubnetAttribute", "ec2:ModifyVpcAttribute", "ec2:ModifyVpcEndpoint",
        "ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress",
      ])
      Resource  = values(local.network_arns)
      Condition = local.has_tags
    },
    {
      # EC2 checks it unseen when it creates an interface endpoint with private names. The zone is AWS's.
      # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
      Sid      = "NameEndpoints"
      Action   = ["route53:AssociateVPCWithHostedZone"]
      Resource = "arn:${local.partition}:route53:::hostedzone/*"
    },
  ]

  for_looking = [
    {
      Sid = "LookAtNetwork"
      Action = concat(["ec2:DescribeSecurityGroups", "ec2:DescribeSubnets"], var.create_network ? [
        "ec2:DescribeAvailabilityZones", "ec2:DescribeNetworkAcls", "ec2:DescribeNetworkInterfaces",
        "ec2:DescribePrefixLists", "ec2:DescribeRouteTables", "ec2:DescribeSecurityGroupRules",
        "ec2:DescribeVpcEndpoints", "ec2:DescribeVpcs",
      ] : [])
      Resource = "*" # AWS offers no resource for these actions
    },
  ]

  # Not to delete the group: other projects log there too.
  for_logs = [
    {
      Sid = "ManageLogGroup"
      Action = [
        "logs:CreateLogGroup", "logs:ListTagsForResource", "logs:PutRetentionPolicy", "logs:TagResource",
        "logs:UntagResource",
      ]
      Resource = [local.log_group_arn, "${local.log_group_arn}:*"]
    },
    {
      Sid      = "ListLogGroups"
      Action   = ["logs:DescribeLogGroups"]
      Resource = "*" # AWS offers no resource for this action
    },
  ]

  # Lists in one list, because the statements have different members.
  options = flatten([
    [for statement in local.for_key : statement if var.create_kms_key],
    [for statement in local.for_network : statement if var.create_network],
    [for statement in local.for_looking : statement if var.create_network || var.vpc_id != null],
    [for statement in local.for_logs : statement if var.manage_log_group],
  ])
}

resource "aws_iam_policy" "build_options" {
  count = length(local.options) == 0 ? 0 : 1

  name        = "${var.name}-build-options"
  path        = var.path
  description = "make plan, infra and destroy: options of the stack"

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [for statement in local.options : merge({ Effect = "Allow" }, statement)]
  })
}
