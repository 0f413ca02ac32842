# Who may do what in a company's account: people, roles for services and partners, a login for GitHub, the audit trail.
data "aws_caller_identity" "current" {}

resource "aws_iam_account_password_policy" "people" {
  minimum_password_length        = 8
  require_lowercase_characters   = true
  require_uppercase_characters   = true
  require_numbers                = false
  allow_users_to_change_password = true
}

resource "aws_iam_user" "ada" {
  name = "ada"
}

resource "aws_iam_access_key" "ada" {
  user = aws_iam_user.ada.name
}

resource "aws_iam_user_policy_attachment" "ada" {
  user       = aws_iam_user.ada.name
  policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"
}

resource "aws_iam_group" "developers" {
  name = "developers"
}

resource "aws_iam_group_policy_attachment" "developers" {
  group      = aws_iam_group.developers.name
  policy_arn = "arn:aws:iam::aws:policy/IAMFullAccess"
}

resource "aws_iam_policy" "operators" {
  name = "operators"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }]
  })
}

data "aws_iam_policy_document" "deploy" {
  statement {
    actions   = ["iam:CreatePolicyVersion", "iam:AttachRolePolicy", "iam:PassRole", "ec2:RunInstances"]
    resources = ["*"]
  }
  statement {
    actions   = ["secretsmanager:GetSecretValue", "ssm:GetParameter", "s3:GetObject"]
    resources = ["*"]
  }
}

resource "aws_iam_policy" "deploy" {
  name   = "deploy"
  policy = data.aws_iam_policy_document.deploy.json
}

resource "aws_iam_policy" "everything_but_iam" {
  name = "everything-but-iam"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", NotAction = "iam:*", Resource = "*" }]
  })
}

resource "aws_iam_role" "anyone" {
  name = "support"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "*" } }]
  })
}

resource "aws_iam_role" "partner" {
  name = "partner"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "arn:aws:iam::444455556666:root" } }]
  })
}

resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "github" {
  name = "github"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }
      Condition = { StringEquals = { "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com" } }
    }]
  })
}

resource "aws_iam_role_policy" "github" {
  name = "github"
  role = aws_iam_role.github.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["ecr:*", "s3:PutObject"], Resource = "*" }]
  })
}

resource "aws_cloudtrail" "audit" {
  name                          = "audit"
  s3_bucket_name                = "example-audit"
  is_multi_region_trail         = false
  include_global_service_events = false
  enable_log_file_validation    = false
  enable_logging                = false
}

resource "aws_guardduty_detector" "main" {
  enable = false
}

resource "aws_ebs_encryption_by_default" "main" {
  enabled = false
}

resource "aws_ram_resource_share" "network" {
  name                      = "network"
  allow_external_principals = true
}

resource "aws_iam_role" "auditor" {
  name = "auditor"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { AWS = "arn:aws:iam::123456789012:role/security" }
      Condition = { Bool = { "aws:MultiFactorAuthPresent" = "true" } }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "auditor" {
  role       = aws_iam_role.auditor.name
  policy_arn = "arn:aws:iam::aws:policy/SecurityAudit"
}

resource "aws_iam_access_key" "root" {
  user = "root"
}

resource "aws_iam_user_policy" "ada" {
  user = aws_iam_user.ada.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["secretsmanager:GetSecretValue", "s3:GetObject"], Resource = "*" }]
  })
}

resource "aws_iam_user_login_profile" "ada" {
  user = aws_iam_user.ada.name
}

resource "aws_iam_role" "whole_account" {
  name = "whole-account"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:*", Principal = { AWS = "arn:aws:iam::123456789012:root" } }]
  })
}
