resource "aws_ecr_repository" "this" {
  name         = var.name
  force_delete = var.force_delete

  # A job names its image by tag, so a tag must never point to another image later.
  image_tag_mutability = "IMMUTABLE"

  image_scanning_configuration {
    scan_on_push = true
  }

  dynamic "encryption_configuration" {
    for_each = var.kms_key[*].arn

    content {
      encryption_type = "KMS"
      kms_key         = encryption_configuration.value
    }
  }

  # ECR cannot change the encryption of a repository. Terraform would replace it, with all its images.
  lifecycle {
    ignore_changes = [encryption_configuration]
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  repository = aws_ecr_repository.this.name

  policy = jsonencode({
    rules = [
      {
        rulePriority = 1
        description  = "Untagged images go after a week"
        selection = {
          tagStatus   = "untagged"
          countType   = "sinceImagePushed"
          countUnit   = "days"
          countNumber = 7
        }
        action = { type = "expire" }
      },
      {
        rulePriority = 2
        description  = "The newest ${var.kept_images} images stay"
        selection = {
          tagStatus   = "any"
          countType   = "imageCountMoreThan"
          countNumber = var.kept_images
        }
        action = { type = "expire" }
      },
    ]
  })
}
