# The key and the network have policies of their own: their ARNs are not known before they exist, and a plan should
# contain all the other permissions.

# "Execution Role Permissions" in SageMaker's developer guide: Decrypt to read data, Encrypt for outputs, CreateGrant for
# volumes. S3 needs GenerateDataKey to write an object:
# https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
data "aws_iam_policy_document" "key" {
  count = var.kms_key == null ? 0 : 1

  statement {
    sid       = "UseKey"
    actions   = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key.arn]
  }

  # A grant only for AWS's services: a training program cannot hand the key to anybody.
  statement {
    sid       = "EncryptVolumes"
    actions   = ["kms:CreateGrant"]
    resources = [var.kms_key.arn]

    condition {
      test     = "Bool"
      variable = "kms:GrantIsForAWSResource"
      values   = ["true"]
    }
  }
}

resource "aws_iam_role_policy" "key" {
  count = var.kms_key == null ? 0 : 1

  name   = "key"
  role   = aws_iam_role.this.name
  policy = data.aws_iam_policy_document.key[0].json
}
