# Every secret here is made up, and begins with CANARY.

variable "password" {
  type      = string
  sensitive = true
  default   = "CANARY-marked-variable-0123456789"
}

variable "labels" {
  type      = map(string)
  sensitive = true
  default   = { Team = "ml", Token = "CANARY-in-a-map-4711" }
}

resource "aws_ssm_parameter" "password" {
  name  = "/golden-sensitive/password"
  type  = "SecureString"
  value = var.password
}

resource "aws_secretsmanager_secret" "database" {
  name = "golden-sensitive-database"
}

resource "aws_secretsmanager_secret_version" "database" {
  secret_id     = aws_secretsmanager_secret.database.id
  secret_string = jsonencode({ user = "admin", password = "CANARY-in-json-${var.password}" })
}

resource "aws_sqs_queue" "jobs" {
  name = "golden-sensitive-jobs"
  tags = var.labels
}

resource "aws_ecs_task_definition" "worker" {
  family = "golden-sensitive-worker"
  container_definitions = jsonencode([{
    name   = "worker"
    image  = "worker:1"
    memory = 128
    environment = [
      { name = "MODE", value = "batch" },
      { name = "DB_PASSWORD", value = "CANARY-nobody-marked-this" },
    ]
  }])
}

output "connection" {
  value     = "postgres://admin:${var.password}@db:5432/app"
  sensitive = true
}
