# The web tier of a shop: a VPC, a load balancer, machines that scale, a bastion host, a cache and file shares.
data "aws_caller_identity" "current" {}

resource "aws_vpc" "shop" {
  cidr_block = "10.20.0.0/16"
}

resource "aws_subnet" "public" {
  count                   = 2
  vpc_id                  = aws_vpc.shop.id
  cidr_block              = cidrsubnet(aws_vpc.shop.cidr_block, 8, count.index)
  availability_zone       = ["us-east-1a", "us-east-1b"][count.index]
  map_public_ip_on_launch = true
}

resource "aws_network_acl" "public" {
  vpc_id = aws_vpc.shop.id
  ingress {
    rule_no    = 100
    action     = "allow"
    protocol   = "-1"
    cidr_block = "0.0.0.0/0"
    from_port  = 0
    to_port    = 0
  }
}

resource "aws_security_group" "balancer" {
  name   = "balancer"
  vpc_id = aws_vpc.shop.id
  ingress {
    from_port   = 80
    to_port     = 80
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_security_group" "machines" {
  name   = "machines"
  vpc_id = aws_vpc.shop.id
}

resource "aws_vpc_security_group_ingress_rule" "from_balancer" {
  security_group_id            = aws_security_group.machines.id
  referenced_security_group_id = aws_security_group.balancer.id
  ip_protocol                  = "tcp"
  from_port                    = 8080
  to_port                      = 8080
}

resource "aws_security_group_rule" "ssh" {
  security_group_id = aws_security_group.machines.id
  type              = "ingress"
  from_port         = 22
  to_port           = 22
  protocol          = "tcp"
  cidr_blocks       = ["0.0.0.0/0"]
}

resource "aws_vpc_security_group_ingress_rule" "remote_desktop" {
  security_group_id = aws_security_group.machines.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 3389
  to_port           = 3389
}

resource "aws_default_security_group" "shop" {
  vpc_id = aws_vpc.shop.id
  ingress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_lb" "shop" {
  name               = "shop"
  load_balancer_type = "application"
  subnets            = aws_subnet.public[*].id
  security_groups    = [aws_security_group.balancer.id]
}

resource "aws_lb_target_group" "shop" {
  name     = "shop"
  port     = 8080
  protocol = "HTTP"
  vpc_id   = aws_vpc.shop.id
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.shop.arn
  port              = 80
  protocol          = "HTTP"
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.shop.arn
  }
}

resource "aws_launch_template" "machine" {
  name          = "machine"
  image_id      = "ami-00000000000000001"
  instance_type = "t3.medium"
  user_data     = base64encode("#!/bin/sh\nexport DB_PASSWORD=made-up-example-password\n/opt/shop/start\n")
  network_interfaces {
    associate_public_ip_address = true
    security_groups             = [aws_security_group.machines.id]
  }
}

resource "aws_autoscaling_group" "machines" {
  name                = "machines"
  min_size            = 2
  max_size            = 6
  vpc_zone_identifier = aws_subnet.public[*].id
  launch_template { id = aws_launch_template.machine.id }
}

resource "aws_instance" "bastion" {
  ami                         = "ami-00000000000000001"
  instance_type               = "t3.micro"
  subnet_id                   = aws_subnet.public[0].id
  associate_public_ip_address = true
  user_data                   = <<-SCRIPT
    #!/bin/sh
    export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE
    export AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
  SCRIPT
  metadata_options { http_tokens = "required" }
  root_block_device { encrypted = true }
}

resource "aws_ebs_volume" "pictures" {
  availability_zone = "us-east-1a"
  size              = 100
}

resource "aws_efs_file_system" "pictures" {
  encrypted = true
}

resource "aws_efs_access_point" "pictures" {
  file_system_id = aws_efs_file_system.pictures.id
}

resource "aws_elasticache_replication_group" "sessions" {
  replication_group_id       = "sessions"
  description                = "sessions of visitors"
  engine                     = "redis"
  node_type                  = "cache.t4g.small"
  num_cache_clusters         = 2
  transit_encryption_enabled = false
}

resource "aws_network_acl_rule" "administration" {
  network_acl_id = aws_network_acl.public.id
  rule_number    = 200
  rule_action    = "allow"
  protocol       = "tcp"
  cidr_block     = "0.0.0.0/0"
  from_port      = 20
  to_port        = 3389
}

resource "aws_ami_launch_permission" "machine" {
  image_id   = "ami-00000000000000001"
  account_id = "444455556666"
}

resource "aws_launch_configuration" "old_machine" {
  name_prefix                 = "old-machine"
  image_id                    = "ami-00000000000000001"
  instance_type               = "t2.medium"
  associate_public_ip_address = true
}

resource "aws_vpc_endpoint_service" "stock" {
  network_load_balancer_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/stock/1"]
  acceptance_required        = false
  allowed_principals         = ["*"]
}

resource "aws_ec2_transit_gateway" "shops" {
  auto_accept_shared_attachments = "enable"
}

resource "aws_vpc_peering_connection" "partner" {
  vpc_id        = aws_vpc.shop.id
  peer_vpc_id   = "vpc-00000000000000002"
  peer_owner_id = "444455556666"
}

resource "aws_route_table" "partner" {
  vpc_id = aws_vpc.shop.id
  route {
    cidr_block                = "0.0.0.0/0"
    vpc_peering_connection_id = aws_vpc_peering_connection.partner.id
  }
}
