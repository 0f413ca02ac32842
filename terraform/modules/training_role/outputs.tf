output "arn" {
  description = "ARN of the role, set when its permissions are attached."
  value       = aws_iam_role.this.arn
  depends_on  = [aws_iam_role_policy.this, aws_iam_role_policy.key, aws_iam_role_policy.network, aws_iam_role_policy_attachment.extra]
}
