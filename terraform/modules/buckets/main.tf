locals {
  all_names = {
    data        = var.data_name
    models      = var.models_name
    checkpoints = var.checkpoints_name
  }
  names = { for purpose, name in local.all_names : purpose => name if !contains(var.existing, purpose) }

  # Checkpoints are overwritten all the time, and nobody needs them after their job has ended. So no versions are kept.
  versioned = setsubtract(["data", "models"], var.existing)
}

resource "aws_s3_bucket" "this" {
  # checkov:skip=CKV_AWS_144: a copy in another region is your decision, and doubles the cost
  # checkov:skip=CKV2_AWS_62: nothing waits for new objects
  for_each = local.names

  bucket        = each.value
  force_destroy = var.force_destroy
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = local.names

  bucket                  = aws_s3_bucket.this[each.key].bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = local.names

  bucket = aws_s3_bucket.this[each.key].bucket

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key == null ? "AES256" : "aws:kms"
      kms_master_key_id = one(var.kms_key[*].arn)
    }

    # A bucket key saves almost all calls to KMS. Without this line, AWS returns false, and every later plan would show
    # a change.
    bucket_key_enabled = var.kms_key != null
  }
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = local.versioned

  bucket = aws_s3_bucket.this[each.key].bucket

  versioning_configuration {
    status = "Enabled"
  }
}

data "aws_partition" "current" {}

data "aws_iam_policy_document" "access" {
  for_each = local.names

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [for path in ["", "/*"] : "arn:${data.aws_partition.current.partition}:s3:::${each.value}${path}"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  dynamic "statement" {
    for_each = var.protect ? ["KeepBucket"] : []

    content {
      sid       = statement.value
      effect    = "Deny"
      actions   = ["s3:DeleteBucket"]
      resources = ["arn:${data.aws_partition.current.partition}:s3:::${each.value}"]

      principals {
        type        = "*"
        identifiers = ["*"]
      }
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  for_each = local.names

  bucket = aws_s3_bucket.this[each.key].bucket
  policy = data.aws_iam_policy_document.access[each.key].json

  # S3 refuses two changes to a bucket's access at the same time (OperationAborted).
  depends_on = [aws_s3_bucket_public_access_block.this]
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = local.names

  bucket = aws_s3_bucket.this[each.key].bucket

  # The parts of an incomplete upload are billed, and no listing shows them.
  rule {
    id     = "aborted-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  dynamic "rule" {
    for_each = contains(local.versioned, each.key) ? [var.old_version_days] : []

    content {
      id     = "old-versions"
      status = "Enabled"

      filter {}

      noncurrent_version_expiration {
        noncurrent_days = rule.value
      }

      expiration {
        expired_object_delete_marker = true
      }
    }
  }

  dynamic "rule" {
    for_each = each.key == "checkpoints" ? [var.checkpoint_days] : []

    content {
      id     = "old-checkpoints"
      status = "Enabled"

      filter {}

      expiration {
        days = rule.value
      }
    }
  }

  # Rules for noncurrent versions need a versioned bucket.
  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_logging" "this" {
  for_each = var.access_logs == null ? {} : local.names

  bucket        = aws_s3_bucket.this[each.key].bucket
  target_bucket = var.access_logs.bucket
  target_prefix = "${each.key}/"
}
