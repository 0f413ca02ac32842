locals { name = "golden-unknown" }

resource "aws_kms_key" "data" {
  description = "What lies in the data bucket"
}

data "aws_iam_policy_document" "from_a_data_source" {
  statement {
    sid       = "Decrypt"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.data.arn]
  }
  statement {
    sid       = "Anything"
    actions   = ["*"]
    resources = ["*"]
  }
}

resource "aws_iam_role" "worker" {
  name = "${local.name}-worker"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "from_a_data_source" {
  name   = "from-a-data-source"
  role   = aws_iam_role.worker.id
  policy = data.aws_iam_policy_document.from_a_data_source.json
}

resource "aws_iam_role_policy" "from_jsonencode" {
  name = "from-jsonencode"
  role = aws_iam_role.worker.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "kms:*", Resource = aws_kms_key.data.arn }]
  })
}

resource "aws_sqs_queue" "jobs" {
  name              = "${local.name}-jobs"
  kms_master_key_id = aws_kms_key.data.id
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead.arn
    maxReceiveCount     = 3
  })
}

resource "aws_sqs_queue" "dead" {
  name = "${local.name}-dead"
}
