# Continuous integration: builds, a pipeline, its artifacts, secrets and parameters.
resource "aws_codebuild_project" "app" {
  name           = "app"
  service_role   = aws_iam_role.build.arn
  encryption_key = "alias/builds"
  artifacts {
    type                = "S3"
    location            = "example-artifacts"
    encryption_disabled = true
  }
  environment {
    compute_type    = "BUILD_GENERAL1_SMALL"
    image           = "aws/codebuild/standard:7.0"
    type            = "LINUX_CONTAINER"
    privileged_mode = true
    environment_variable {
      name  = "NPM_TOKEN"
      value = "made-up-7f3k9q2x8w1b"
    }
    environment_variable {
      name  = "AWS_ACCESS_KEY_ID"
      value = "AKIAIOSFODNN7EXAMPLE"
    }
    environment_variable {
      name  = "AWS_SECRET_ACCESS_KEY"
      value = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    }
  }
  logs_config {
    cloudwatch_logs { status = "DISABLED" }
    s3_logs {
      status              = "ENABLED"
      location            = "example-artifacts/logs"
      encryption_disabled = true
    }
  }
  source {
    type         = "GITHUB"
    location     = "https://github.com/example/app.git"
    insecure_ssl = true
  }
}

resource "aws_codebuild_webhook" "app" {
  project_name = aws_codebuild_project.app.name
  filter_group {
    filter {
      type    = "EVENT"
      pattern = "PULL_REQUEST_CREATED"
    }
  }
}

resource "aws_codebuild_source_credential" "github" {
  auth_type   = "PERSONAL_ACCESS_TOKEN"
  server_type = "GITHUB"
  token       = "made-up-7f3k9q2x8w1b"
}

resource "aws_iam_role" "build" {
  name = "build"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = ["codebuild.amazonaws.com", "codepipeline.amazonaws.com"] }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "build" {
  role       = aws_iam_role.build.name
  policy_arn = "arn:aws:iam::aws:policy/PowerUserAccess"
}

resource "aws_s3_bucket" "artifacts" {
  bucket = "example-artifacts"
}

resource "aws_codepipeline" "app" {
  name     = "app"
  role_arn = aws_iam_role.build.arn
  artifact_store {
    type     = "S3"
    location = aws_s3_bucket.artifacts.bucket
  }
  stage {
    name = "Source"
    action {
      name             = "Source"
      category         = "Source"
      owner            = "ThirdParty"
      provider         = "GitHub"
      version          = "1"
      output_artifacts = ["source"]
      configuration    = { Owner = "example", Repo = "app", Branch = "main", OAuthToken = "made-up-7f3k9q2x8w1b" }
    }
  }
  stage {
    name = "Build"
    action {
      name            = "Build"
      category        = "Build"
      owner           = "AWS"
      provider        = "CodeBuild"
      version         = "1"
      input_artifacts = ["source"]
      configuration   = { ProjectName = aws_codebuild_project.app.name }
    }
  }
}

resource "aws_ecr_repository" "app" {
  name                 = "app"
  image_tag_mutability = "IMMUTABLE"
  image_scanning_configuration { scan_on_push = true }
}

resource "aws_secretsmanager_secret" "deploy" {
  name                    = "deploy"
  recovery_window_in_days = 0
}

resource "aws_secretsmanager_secret_policy" "deploy" {
  secret_arn = aws_secretsmanager_secret.deploy.arn
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = "*", Action = "secretsmanager:GetSecretValue", Resource = "*" }]
  })
}

resource "aws_secretsmanager_secret_version" "deploy" {
  secret_id     = aws_secretsmanager_secret.deploy.id
  secret_string = "made-up-7f3k9q2x8w1b"
}

resource "aws_ssm_parameter" "deploy_token" {
  name  = "/app/deploy_token"
  type  = "String"
  value = "made-up-7f3k9q2x8w1b"
}

resource "aws_ssm_parameter" "database_password" {
  name  = "/app/database_password"
  type  = "String"
  value = "made-up-example-password"
}

resource "aws_ssm_document" "restart" {
  name          = "restart"
  document_type = "Command"
  permissions   = { type = "Share", account_ids = "All" }
  content = jsonencode({
    schemaVersion = "2.2"
    description   = "restarts the app"
    mainSteps     = [{ action = "aws:runShellScript", name = "restart", inputs = { runCommand = ["systemctl restart app"] } }]
  })
}

resource "aws_codeartifact_domain_permissions_policy" "packages" {
  domain = "packages"
  policy_document = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = "*", Action = "codeartifact:*", Resource = "*" }]
  })
}
