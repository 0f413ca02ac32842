# Services on ECS: an API on Fargate, a collector on EC2, its queue, and the registry of their images.
resource "aws_ecr_repository" "api" {
  name         = "api"
  force_delete = true
}

resource "aws_ecr_repository_policy" "api" {
  repository = aws_ecr_repository.api.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Pull"
      Effect    = "Allow"
      Principal = "*"
      Action    = ["ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"]
    }]
  })
}

resource "aws_ecs_cluster" "main" {
  name = "main"
  setting {
    name  = "containerInsights"
    value = "disabled"
  }
  configuration {
    execute_command_configuration { logging = "NONE" }
  }
}

resource "aws_ecs_task_definition" "api" {
  family                   = "api"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 512
  memory                   = 1024
  task_role_arn            = aws_iam_role.api.arn
  execution_role_arn       = aws_iam_role.api.arn
  container_definitions = jsonencode([{
    name         = "api"
    image        = "123456789012.dkr.ecr.us-east-1.amazonaws.com/api:latest"
    essential    = true
    portMappings = [{ containerPort = 8080 }]
    environment = [
      { name = "DATABASE_PASSWORD", value = "made-up-example-password" },
      { name = "AWS_ACCESS_KEY_ID", value = "AKIAIOSFODNN7EXAMPLE" },
      { name = "AWS_SECRET_ACCESS_KEY", value = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" },
    ]
  }])
}

resource "aws_ecs_service" "api" {
  name             = "api"
  cluster          = aws_ecs_cluster.main.id
  task_definition  = aws_ecs_task_definition.api.arn
  desired_count    = 2
  launch_type      = "FARGATE"
  platform_version = "1.3.0"
  network_configuration {
    subnets          = ["subnet-00000000000000001"]
    assign_public_ip = true
  }
}

resource "aws_ecs_task_definition" "collector" {
  family       = "collector"
  network_mode = "host"
  pid_mode     = "host"
  volume {
    name      = "docker"
    host_path = "/var/run/docker.sock"
  }
  volume {
    name = "shared"
    efs_volume_configuration {
      file_system_id     = "fs-00000000000000001"
      transit_encryption = "DISABLED"
    }
  }
  container_definitions = jsonencode([{
    name                   = "collector"
    image                  = "public.ecr.aws/example/collector:7"
    memory                 = 256
    essential              = true
    privileged             = true
    readonlyRootFilesystem = false
    user                   = "root"
  }])
}

resource "aws_ecs_task_set" "canary" {
  service         = aws_ecs_service.api.id
  cluster         = aws_ecs_cluster.main.id
  task_definition = aws_ecs_task_definition.api.arn
  network_configuration {
    subnets          = ["subnet-00000000000000001"]
    assign_public_ip = true
  }
}

resource "aws_iam_role" "api" {
  name = "api"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "api" {
  name = "api"
  role = aws_iam_role.api.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["s3:*", "secretsmanager:GetSecretValue"], Resource = "*" },
      { Effect = "Allow", Action = "ssm:GetParameters", Resource = "arn:aws:ssm:us-east-1:123456789012:parameter/api/*" },
    ]
  })
}

resource "aws_sqs_queue" "events" {
  name                    = "events"
  sqs_managed_sse_enabled = false
}

resource "aws_sqs_queue_policy" "events" {
  queue_url = aws_sqs_queue.events.url
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = "*", Action = "sqs:*", Resource = "*" }]
  })
}
