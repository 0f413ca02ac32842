# A data lake: streams into S3, a catalogue, a cluster for Spark, Kafka, a search domain, and queries with Athena.
resource "aws_kinesis_stream" "clicks" {
  name        = "clicks"
  shard_count = 2
}

resource "aws_kinesis_firehose_delivery_stream" "clicks" {
  name        = "clicks"
  destination = "extended_s3"
  extended_s3_configuration {
    role_arn   = "arn:aws:iam::123456789012:role/firehose"
    bucket_arn = "arn:aws:s3:::example-lake"
  }
}

resource "aws_kinesis_stream" "payments" {
  name            = "payments"
  shard_count     = 2
  encryption_type = "KMS"
  kms_key_id      = "alias/payments"
}

resource "aws_glue_catalog_database" "lake" {
  name = "lake"
}

resource "aws_glue_resource_policy" "lake" {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = "*"
      Action    = "glue:*"
      Resource  = "*"
    }]
  })
}

resource "aws_glue_connection" "shop" {
  name = "shop"
  connection_properties = {
    JDBC_CONNECTION_URL = "jdbc:mysql://db.example.com/shop"
    USERNAME            = "reader"
    PASSWORD            = "made-up-example-password"
  }
}

resource "aws_glue_job" "daily" {
  name              = "daily"
  role_arn          = "arn:aws:iam::123456789012:role/glue"
  default_arguments = { "--db_password" = "made-up-example-password" }
  command { script_location = "s3://example-lake/jobs/daily.py" }
}

resource "aws_glue_crawler" "lake" {
  name          = "lake"
  role          = "arn:aws:iam::123456789012:role/glue"
  database_name = aws_glue_catalog_database.lake.name
  s3_target { path = "s3://example-lake/clicks" }
}

resource "aws_msk_cluster" "events" {
  cluster_name           = "events"
  kafka_version          = "3.6.0"
  number_of_broker_nodes = 2
  broker_node_group_info {
    instance_type   = "kafka.m5.large"
    client_subnets  = ["subnet-00000000000000001", "subnet-00000000000000002"]
    security_groups = ["sg-00000000000000001"]
    connectivity_info {
      public_access { type = "SERVICE_PROVIDED_EIPS" }
    }
  }
  client_authentication { unauthenticated = true }
  encryption_info {
    encryption_in_transit { client_broker = "TLS_PLAINTEXT" }
  }
}

resource "aws_opensearch_domain" "logs" {
  domain_name    = "logs"
  engine_version = "OpenSearch_2.11"
  access_policies = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "*" }
      Action    = "es:*"
      Resource  = "arn:aws:es:us-east-1:123456789012:domain/logs/*"
    }]
  })
  cluster_config { instance_type = "r6g.large.search" }
  ebs_options {
    ebs_enabled = true
    volume_size = 50
  }
  domain_endpoint_options {
    enforce_https       = false
    tls_security_policy = "Policy-Min-TLS-1-0-2019-07"
  }
}

resource "aws_athena_workgroup" "analysts" {
  name = "analysts"
  configuration {
    enforce_workgroup_configuration = false
    result_configuration { output_location = "s3://example-lake/results/" }
  }
}

resource "aws_athena_database" "lake" {
  name   = "lake"
  bucket = "example-lake"
}

resource "aws_emr_cluster" "spark" {
  name          = "spark"
  release_label = "emr-7.1.0"
  service_role  = "arn:aws:iam::123456789012:role/emr"
  applications  = ["Spark"]
  ec2_attributes {
    instance_profile                  = "emr"
    emr_managed_master_security_group = aws_security_group.spark.id
    emr_managed_slave_security_group  = aws_security_group.spark.id
  }
  master_instance_group { instance_type = "m5.xlarge" }
}

resource "aws_security_group" "spark" {
  name   = "spark"
  vpc_id = "vpc-00000000000000001"
  ingress {
    description = "SSH"
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_emr_security_configuration" "spark" {
  name = "spark"
  configuration = jsonencode({ EncryptionConfiguration = {
    EnableInTransitEncryption = false
    EnableAtRestEncryption    = false
  } })
}

resource "aws_mwaa_environment" "nightly" {
  name                  = "nightly"
  dag_s3_path           = "dags/"
  execution_role_arn    = "arn:aws:iam::123456789012:role/airflow"
  source_bucket_arn     = "arn:aws:s3:::example-lake"
  webserver_access_mode = "PUBLIC_ONLY"
  network_configuration {
    security_group_ids = ["sg-00000000000000001"]
    subnet_ids         = ["subnet-00000000000000001", "subnet-00000000000000002"]
  }
}

resource "aws_mq_broker" "legacy" {
  broker_name         = "legacy"
  engine_type         = "ActiveMQ"
  engine_version      = "5.17.6"
  host_instance_type  = "mq.t3.micro"
  publicly_accessible = true
  user {
    username = "brokers"
    password = "MadeUpExample1"
  }
}

resource "aws_emr_block_public_access_configuration" "lake" {
  block_public_security_group_rules = false
}

resource "aws_glacier_vault" "archive" {
  name = "archive"
  access_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = "*"
      Action    = "glacier:InitiateJob"
      Resource  = "arn:aws:glacier:us-east-1:123456789012:vaults/archive"
    }]
  })
}

resource "aws_transfer_server" "partners" {
  endpoint_type = "PUBLIC"
  protocols     = ["SFTP"]
}

resource "aws_datasync_location_object_storage" "old_lake" {
  agent_arns      = ["arn:aws:datasync:us-east-1:123456789012:agent/agent-00000000000000001"]
  server_hostname = "storage.example.com"
  bucket_name     = "old-lake"
  access_key      = "made-up-example"
  secret_key      = "made-up-5t8r2v6n4c0j"
}
