# `id` is the name, but it is known only when the repository exists. So an interrupted apply leaves no output that looks
# complete.

output "arn" {
  description = "ARN of the repository. It contains the images' account and region."
  value       = aws_ecr_repository.this.arn
  depends_on  = [aws_ecr_lifecycle_policy.this]
}

output "name" {
  description = "Name of the repository."
  value       = aws_ecr_repository.this.id
  depends_on  = [aws_ecr_lifecycle_policy.this]
}

output "url" {
  description = "URL of the repository: the URI of every image starts with it."
  value       = aws_ecr_repository.this.repository_url
  depends_on  = [aws_ecr_lifecycle_policy.this]
}
