data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.id

  state_arn     = "arn:${local.partition}:s3:::trainyard-tfstate-${local.account_id}-${local.region}"
  sagemaker_arn = "arn:${local.partition}:sagemaker:${local.region}:${local.account_id}"
  log_group_arn = "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:/aws/sagemaker/TrainingJobs"
  s3_service    = "s3.${local.region}.${data.aws_partition.current.dns_suffix}"
  ecr_service   = "ecr.${local.region}.${data.aws_partition.current.dns_suffix}"
}

resource "aws_iam_policy" "train" {
  name        = "${var.name}-train"
  path        = var.path
  description = "make data, image, train, tune, resume, logs, stop, jobs, tunings and model"
  policy      = data.aws_iam_policy_document.train.json
}

resource "aws_iam_policy" "build" {
  name        = "${var.name}-build"
  path        = var.path
  description = "make plan, infra and destroy"
  policy      = data.aws_iam_policy_document.build.json
}
