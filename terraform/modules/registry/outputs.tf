output "arn" {
  description = "ARN of the repository. It tells the images' account and region."
  value       = aws_ecr_repository.this.arn
}

output "name" {
  description = "Name of the repository."
  value       = aws_ecr_repository.this.name
}

output "url" {
  description = "What the URI of every image of this repository starts with."
  value       = aws_ecr_repository.this.repository_url
}
