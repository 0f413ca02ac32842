# A company's web site: pages in S3 behind CloudFront, uploads of visitors, and the old site that nobody moved yet.
locals {
  site = "example-shop-site"
}

resource "aws_s3_bucket" "site" {
  bucket        = local.site
  force_destroy = true
}

resource "aws_s3_bucket_public_access_block" "site" {
  bucket                  = aws_s3_bucket.site.bucket
  block_public_acls       = true
  ignore_public_acls      = true
  block_public_policy     = false
  restrict_public_buckets = false
}

resource "aws_s3_bucket_policy" "site" {
  bucket = aws_s3_bucket.site.bucket
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Pages"
      Effect    = "Allow"
      Principal = "*"
      Action    = "s3:GetObject"
      Resource  = "arn:aws:s3:::${local.site}/*"
    }]
  })
}

resource "aws_s3_bucket_website_configuration" "site" {
  bucket = aws_s3_bucket.site.bucket
  index_document { suffix = "index.html" }
}

resource "aws_s3_bucket" "old_site" {
  bucket = "example-shop-old-site"
}

resource "aws_s3_bucket_acl" "old_site" {
  bucket = aws_s3_bucket.old_site.bucket
  acl    = "public-read"
}

resource "aws_s3_bucket" "uploads" {
  bucket = "example-shop-uploads"
}

resource "aws_s3_bucket_public_access_block" "uploads" {
  bucket                  = aws_s3_bucket.uploads.bucket
  block_public_acls       = true
  ignore_public_acls      = true
  block_public_policy     = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "uploads" {
  bucket = aws_s3_bucket.uploads.bucket
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "*" }
      Action    = "s3:*"
      Resource  = ["arn:aws:s3:::example-shop-uploads", "arn:aws:s3:::example-shop-uploads/*"]
    }]
  })
}

resource "aws_s3_bucket_cors_configuration" "uploads" {
  bucket = aws_s3_bucket.uploads.bucket
  cors_rule {
    allowed_methods = ["GET", "PUT", "POST"]
    allowed_origins = ["*"]
    allowed_headers = ["*"]
  }
}

resource "aws_cloudfront_distribution" "site" {
  enabled             = true
  default_root_object = "index.html"

  origin {
    origin_id   = "site"
    domain_name = "example-shop-site.s3-website-us-east-1.amazonaws.com"
    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "http-only"
      origin_ssl_protocols   = ["SSLv3", "TLSv1", "TLSv1.2"]
    }
  }

  default_cache_behavior {
    target_origin_id       = "site"
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
    viewer_protocol_policy = "allow-all"
    cache_policy_id        = "658327ea-f89d-4fab-a63d-7e88639e58f6"
  }

  restrictions {
    geo_restriction { restriction_type = "none" }
  }

  viewer_certificate {
    acm_certificate_arn      = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000001"
    minimum_protocol_version = "TLSv1"
    ssl_support_method       = "sni-only"
  }
}

resource "aws_cloudfront_response_headers_policy" "site" {
  name = "site"
  cors_config {
    access_control_allow_credentials = true
    origin_override                  = true
    access_control_allow_headers { items = ["*"] }
    access_control_allow_methods { items = ["ALL"] }
    access_control_allow_origins { items = ["*"] }
  }
}

resource "aws_s3_bucket_acl" "exchange" {
  bucket = aws_s3_bucket.exchange.bucket
  access_control_policy {
    owner { id = "0000000000000000000000000000000000000000000000000000000000000001" }
    grant {
      permission = "WRITE"
      grantee {
        type = "Group"
        uri  = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
      }
    }
  }
}

resource "aws_s3_bucket" "exchange" {
  bucket = "example-shop-exchange"
}

resource "aws_s3_access_point" "partners" {
  bucket = aws_s3_bucket.exchange.bucket
  name   = "partners"
  public_access_block_configuration {
    block_public_policy     = false
    restrict_public_buckets = false
  }
}
