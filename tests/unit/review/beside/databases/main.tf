# The databases of a shop: orders in PostgreSQL, the catalogue in Aurora, a warehouse, and what else collects data.
resource "aws_db_parameter_group" "orders" {
  name   = "orders"
  family = "postgres16"
  parameter {
    name  = "rds.force_ssl"
    value = "0"
  }
}

resource "aws_db_instance" "orders" {
  identifier              = "orders"
  engine                  = "postgres"
  engine_version          = "16.4"
  instance_class          = "db.t4g.medium"
  allocated_storage       = 50
  username                = "orders"
  password                = "made-up-example-password"
  parameter_group_name    = aws_db_parameter_group.orders.name
  publicly_accessible     = true
  backup_retention_period = 0
  skip_final_snapshot     = true
}

resource "aws_db_instance" "invoices" {
  identifier                          = "invoices"
  engine                              = "postgres"
  instance_class                      = "db.t4g.medium"
  allocated_storage                   = 50
  username                            = "invoices"
  manage_master_user_password         = true
  storage_encrypted                   = true
  iam_database_authentication_enabled = true
  backup_retention_period             = 14
  deletion_protection                 = true
  final_snapshot_identifier           = "invoices-last"
}

resource "aws_rds_cluster" "catalogue" {
  cluster_identifier  = "catalogue"
  engine              = "aurora-mysql"
  master_username     = "catalogue"
  master_password     = "made-up-example-password"
  skip_final_snapshot = true
}

resource "aws_rds_cluster_instance" "catalogue" {
  cluster_identifier  = aws_rds_cluster.catalogue.id
  engine              = aws_rds_cluster.catalogue.engine
  instance_class      = "db.r6g.large"
  publicly_accessible = true
}

resource "aws_db_snapshot" "orders" {
  db_instance_identifier = aws_db_instance.orders.identifier
  db_snapshot_identifier = "orders-for-analysts"
  shared_accounts        = ["all"]
}

resource "aws_redshift_cluster" "warehouse" {
  cluster_identifier  = "warehouse"
  node_type           = "ra3.large"
  master_username     = "awsuser"
  master_password     = "MadeUpExample1"
  publicly_accessible = true
  encrypted           = false
  skip_final_snapshot = true
}

resource "aws_neptune_cluster" "relations" {
  cluster_identifier  = "relations"
  engine              = "neptune"
  skip_final_snapshot = true
}

resource "aws_neptune_cluster_snapshot" "relations" {
  db_cluster_identifier          = aws_neptune_cluster.relations.id
  db_cluster_snapshot_identifier = "relations-first"
}

resource "aws_docdb_cluster" "reviews" {
  cluster_identifier  = "reviews"
  master_username     = "reviews"
  master_password     = "made-up-example-password"
  skip_final_snapshot = true
}

resource "aws_docdb_cluster_parameter_group" "reviews" {
  family = "docdb5.0"
  name   = "reviews"
  parameter {
    name  = "tls"
    value = "disabled"
  }
}

resource "aws_dax_cluster" "carts" {
  cluster_name       = "carts"
  iam_role_arn       = "arn:aws:iam::123456789012:role/dax"
  node_type          = "dax.t3.small"
  replication_factor = 2
}

resource "aws_dynamodb_table" "carts" {
  name         = "carts"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"
  attribute {
    name = "id"
    type = "S"
  }
}

resource "aws_dms_replication_instance" "move" {
  replication_instance_id    = "move"
  replication_instance_class = "dms.t3.medium"
  publicly_accessible        = true
}

resource "aws_dms_endpoint" "old_shop" {
  endpoint_id   = "old-shop"
  endpoint_type = "source"
  engine_name   = "mysql"
  server_name   = "db.example.com"
  port          = 3306
  username      = "reader"
  password      = "made-up-example-password"
}

resource "aws_neptune_cluster_instance" "relations" {
  cluster_identifier  = aws_neptune_cluster.relations.id
  instance_class      = "db.r6g.large"
  publicly_accessible = true
}
