"""The AWS service in the name of a Terraform type, for sentences that name an attribute of any type."""

from collections.abc import Mapping

# The longest beginning counts. The names are those of https://docs.aws.amazon.com/
_SERVICES: Mapping[str, str] = {
    "alb": "Elastic Load Balancing", "athena": "Athena", "autoscaling": "EC2 Auto Scaling", "backup": "AWS Backup",
    "cloudfront": "CloudFront", "cloudtrail": "CloudTrail", "cloudwatch_log": "CloudWatch Logs",
    "cloudwatch": "CloudWatch", "codebuild": "CodeBuild", "cognito": "Cognito", "dax": "DAX", "db": "RDS",
    "docdb": "DocumentDB", "dsql": "Aurora DSQL", "dynamodb": "DynamoDB", "ebs": "EBS", "ecr": "ECR",
    "ecs": "ECS", "efs": "EFS", "eks": "EKS", "elasticache": "ElastiCache", "elasticsearch": "OpenSearch",
    "emr": "EMR", "fsx": "FSx", "glue": "Glue", "guardduty": "GuardDuty", "instance": "EC2", "kinesis": "Kinesis",
    "kms": "KMS", "lambda": "Lambda", "launch": "EC2", "lb": "Elastic Load Balancing", "memorydb": "MemoryDB",
    "mq": "Amazon MQ", "msk": "MSK", "neptune": "Neptune", "networkfirewall": "Network Firewall",
    "opensearch": "OpenSearch", "qldb": "QLDB", "rds": "RDS", "redshift": "Redshift", "s3": "S3",
    "sagemaker": "SageMaker", "secretsmanager": "Secrets Manager", "sfn": "Step Functions", "sns": "SNS",
    "sqs": "SQS", "ssm": "Systems Manager", "timestream": "Timestream", "verifiedpermissions": "Verified Permissions",
    "workspaces": "WorkSpaces",
}  # fmt: skip


def service(kind: str) -> str:
    """The service of a type: `RDS` for `aws_db_instance`; the type itself if its service is not listed."""
    words = kind.removeprefix("aws_").split("_")
    names = ("_".join(words[:count]) for count in range(len(words), 0, -1))
    return next((_SERVICES[name] for name in names if name in _SERVICES), kind)
