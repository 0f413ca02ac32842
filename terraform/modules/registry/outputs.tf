# `id` is the name, known once the repository is made: an apply that broke off leaves no output that looks whole.

output "arn" {
  description = "ARN of the repository. It tells the images' account and region."
  value       = aws_ecr_repository.this.arn
  depends_on  = [aws_ecr_lifecycle_policy.this]
}

output "name" {
  description = "Name of the repository."
  value       = aws_ecr_repository.this.id
  depends_on  = [aws_ecr_lifecycle_policy.this]
}

output "url" {
  description = "What the URI of every image of this repository starts with."
  value       = aws_ecr_repository.this.repository_url
  depends_on  = [aws_ecr_lifecycle_policy.this]
}
