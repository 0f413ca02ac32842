output "train_policy_arn" {
  description = "ARN of the policy for who uploads data, pushes images and runs jobs."
  value       = aws_iam_policy.train.arn
}

output "build_policy_arn" {
  description = "ARN of the policy for who plans, applies and removes the stack."
  value       = aws_iam_policy.build.arn
}

output "build_options_policy_arn" {
  description = "ARN of the policy for the stack's options, which goes together with build_policy_arn; none without options."
  value       = one(aws_iam_policy.build_options[*].arn)
}
