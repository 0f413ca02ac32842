# A platform for machine learning: notebooks, a Studio domain, a model and its endpoint, images, data.
resource "aws_iam_role" "sagemaker" {
  name = "sagemaker"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "sagemaker.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "sagemaker" {
  role       = aws_iam_role.sagemaker.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
}

resource "aws_iam_role_policy" "data" {
  name = "data"
  role = aws_iam_role.sagemaker.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], Resource = "*" }]
  })
}

resource "aws_s3_bucket" "data" {
  bucket        = "example-ml-data"
  force_destroy = true
}

resource "aws_s3_bucket_public_access_block" "data" {
  bucket                  = aws_s3_bucket.data.bucket
  block_public_acls       = true
  ignore_public_acls      = true
  block_public_policy     = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "data" {
  bucket = aws_s3_bucket.data.bucket
  versioning_configuration { status = "Enabled" }
}

resource "aws_ecr_repository" "trainer" {
  name                 = "trainer"
  image_tag_mutability = "MUTABLE"
  image_scanning_configuration { scan_on_push = false }
}

resource "aws_sagemaker_notebook_instance" "team" {
  name                   = "team"
  role_arn               = aws_iam_role.sagemaker.arn
  instance_type          = "ml.t3.medium"
  direct_internet_access = "Enabled"
  root_access            = "Enabled"
  lifecycle_config_name  = aws_sagemaker_notebook_instance_lifecycle_configuration.team.name
  instance_metadata_service_configuration { minimum_instance_metadata_service_version = "1" }
}

resource "aws_sagemaker_notebook_instance_lifecycle_configuration" "team" {
  name     = "team"
  on_start = base64encode("#!/bin/sh\nexport HUB_TOKEN=made-up-7f3k9q2x8w1b\npip install -q tensorflow\n")
}

resource "aws_sagemaker_notebook_instance" "research" {
  name                   = "research"
  role_arn               = aws_iam_role.sagemaker.arn
  instance_type          = "ml.t3.medium"
  subnet_id              = "subnet-00000000000000001"
  security_groups        = ["sg-00000000000000001"]
  direct_internet_access = "Disabled"
  root_access            = "Disabled"
  kms_key_id             = "alias/notebooks"
}

resource "aws_sagemaker_domain" "studio" {
  domain_name             = "studio"
  auth_mode               = "IAM"
  vpc_id                  = "vpc-00000000000000001"
  subnet_ids              = ["subnet-00000000000000001"]
  app_network_access_type = "PublicInternetOnly"
  default_user_settings { execution_role = aws_iam_role.sagemaker.arn }
}

resource "aws_sagemaker_model" "prices" {
  name               = "prices"
  execution_role_arn = aws_iam_role.sagemaker.arn
  primary_container {
    image          = "123456789012.dkr.ecr.us-east-1.amazonaws.com/trainer:latest"
    model_data_url = "s3://example-ml-data/prices/model.tar.gz"
    environment = {
      FEATURE_STORE_PASSWORD = "made-up-example-password"
    }
  }
}

resource "aws_sagemaker_endpoint_configuration" "prices" {
  name = "prices"
  production_variants {
    model_name             = aws_sagemaker_model.prices.name
    instance_type          = "ml.m5.large"
    initial_instance_count = 1
  }
}

resource "aws_sagemaker_endpoint" "prices" {
  name                 = "prices"
  endpoint_config_name = aws_sagemaker_endpoint_configuration.prices.name
}

resource "aws_security_group" "notebooks" {
  name   = "notebooks"
  vpc_id = "vpc-00000000000000001"
  ingress {
    description = "Jupyter"
    from_port   = 8888
    to_port     = 8888
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_batch_job_definition" "preprocess" {
  name = "preprocess"
  type = "container"
  container_properties = jsonencode({
    image                = "123456789012.dkr.ecr.us-east-1.amazonaws.com/preprocess:3"
    privileged           = true
    resourceRequirements = [{ type = "VCPU", value = "4" }, { type = "MEMORY", value = "8192" }]
  })
}
