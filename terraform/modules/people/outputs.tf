output "train_policy_arn" {
  description = "ARN of the policy for who uploads data, pushes images and runs jobs."
  value       = aws_iam_policy.train.arn
}

output "build_policy_arn" {
  description = "ARN of the policy for who plans, applies and removes the stack."
  value       = aws_iam_policy.build.arn
}
