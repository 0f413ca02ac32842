# A Kubernetes cluster with two groups of nodes, the roles behind it, and a key for its secrets.
locals {
  subnets = ["subnet-00000000000000001", "subnet-00000000000000002"]
  trust = { for service in ["eks", "ec2"] : service => jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "${service}.amazonaws.com" }
    }]
  }) }
}

resource "aws_iam_role" "cluster" {
  name               = "cluster"
  assume_role_policy = local.trust["eks"]
}

resource "aws_iam_role_policy_attachment" "cluster" {
  role       = aws_iam_role.cluster.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
}

resource "aws_iam_role" "nodes" {
  name               = "nodes"
  assume_role_policy = local.trust["ec2"]
}

resource "aws_iam_role_policy_attachment" "nodes" {
  for_each   = toset(["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryReadOnly", "AdministratorAccess"])
  role       = aws_iam_role.nodes.name
  policy_arn = "arn:aws:iam::aws:policy/${each.key}"
}

resource "aws_eks_cluster" "main" {
  name     = "main"
  version  = "1.31"
  role_arn = aws_iam_role.cluster.arn
  vpc_config {
    subnet_ids             = local.subnets
    endpoint_public_access = true
    public_access_cidrs    = ["0.0.0.0/0"]
  }
}

resource "aws_eks_cluster" "payments" {
  name                      = "payments"
  version                   = "1.31"
  role_arn                  = aws_iam_role.cluster.arn
  enabled_cluster_log_types = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
  vpc_config {
    subnet_ids              = local.subnets
    endpoint_public_access  = false
    endpoint_private_access = true
  }
  encryption_config {
    resources = ["secrets"]
    provider { key_arn = aws_kms_key.secrets.arn }
  }
}

resource "aws_kms_key" "secrets" {
  description         = "secrets of the cluster"
  enable_key_rotation = true
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "*" }
      Action    = "kms:*"
      Resource  = "*"
    }]
  })
}

resource "aws_eks_node_group" "general" {
  cluster_name    = aws_eks_cluster.main.name
  node_group_name = "general"
  node_role_arn   = aws_iam_role.nodes.arn
  subnet_ids      = local.subnets
  remote_access { ec2_ssh_key = "team" }
  scaling_config {
    desired_size = 2
    max_size     = 5
    min_size     = 1
  }
}

resource "aws_launch_template" "gpu" {
  name = "gpu"
  metadata_options {
    http_tokens                 = "optional"
    http_put_response_hop_limit = 2
  }
  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      volume_size = 100
      encrypted   = false
    }
  }
}

resource "aws_eks_node_group" "gpu" {
  cluster_name    = aws_eks_cluster.payments.name
  node_group_name = "gpu"
  node_role_arn   = aws_iam_role.nodes.arn
  subnet_ids      = local.subnets
  launch_template {
    id      = aws_launch_template.gpu.id
    version = "1"
  }
  scaling_config {
    desired_size = 0
    max_size     = 2
    min_size     = 0
  }
}

resource "aws_eks_access_policy_association" "team" {
  cluster_name  = aws_eks_cluster.main.name
  principal_arn = "arn:aws:iam::123456789012:role/developers"
  policy_arn    = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
  access_scope { type = "cluster" }
}

resource "aws_security_group" "nodes" {
  name   = "nodes"
  vpc_id = "vpc-00000000000000001"
  ingress {
    from_port        = 10250
    to_port          = 10250
    protocol         = "tcp"
    ipv6_cidr_blocks = ["::/0"]
  }
}
