"""Texts that hold no secret though they look like it: what a reviewer must see.

They are of the kinds that public configurations, charts and tokenizer files have.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/finding-canonical-user-id.html
"""

import json
from collections.abc import Callable
from random import Random

from tests.unit.review.public_settings import SETTINGS, TOKENIZER
from tests.unit.review.secret_samples import FORMS, Sample, made_up

WORDS = [
    "app",
    "data",
    "model",
    "train",
    "serve",
    "web",
    "api",
    "batch",
    "queue",
    "cache",
    "event",
    "order",
    "user",
    "audit",
    "report",
    "image",
    "text",
    "video",
    "speech",
    "search",
    "index",
    "feature",
    "store",
    "metric",
    "alert",
    "job",
    "task",
    "worker",
    "stage",
    "prod",
    "dev",
    "test",
    "blue",
    "green",
    "main",
    "edge",
    "core",
    "billing",
    "payment",
    "catalog",
    "profile",
    "login",
    "session",
    "mail",
    "media",
    "backup",
    "archive",
    "raw",
    "clean",
    "public",
    "private",
    "shared",
    "team",
    "platform",
    "ops",
    "infra",
]

PATTERNS = [
    ("image", "111122223333.dkr.ecr.eu-central-1.amazonaws.com/{word}@sha256:{h64}"),
    ("GIT_COMMIT", "{h40}"),
    ("IMAGE_DIGEST", "sha256:{h64}"),
    ("etag", "{h32}"),
    ("source_code_hash", "{b43}="),
    ("MODEL_SHA256", "{h64}"),
    ("checksum", "{h64}"),
    ("RELEASE", "{h40}"),
    ("ami", "ami-{h17}"),
    ("vpc_id", "vpc-{h17}"),
    ("instance", "i-{h17}"),
    ("request_id", "{h8}-{h4}-{h4}-{h4}-{h12}"),
    ("trace", "{h8}-{h4}-{h4}-{h4}-{h12}"),
    ("role_id", "AROA{u17}"),
    ("zone_id", "Z{u20}"),
    ("canonical_user_id", "{h64}"),
    ("name", "{word}-{word}-{word}-{e8}"),
    ("bucket", "{word}-{word}-111122223333-eu-central-1"),
    ("log_group", "/aws/sagemaker/{word}/{word}"),
    ("role", "arn:aws:iam::111122223333:role/{word}-{word}-Role"),
    ("policy", "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"),
    ("url", "https://sqs.us-east-1.amazonaws.com/111122223333/{word}-{word}-dead-letter"),
    ("key", "{word}/{word}/year=2024/month=05/part-{d5}.parquet"),
    ("schedule", "cron(0 {d1} * * ? *)"),
    ("cidr", "10.{d2}.0.0/16"),
    ("endpoint", "{word}.{e12}.eu-central-1.rds.amazonaws.com"),
    ("mail", "{word}.{word}@example.com"),
    ("version", "{d1}.{d2}.{d1}-{h7}"),
    ("created", "2024-05-{d2}T12:{d2}:{d2}Z"),
    ("function", "{Word}{Word}{Word}Handler"),
    ("class", "com.example.{word}.{Word}{Word}ServiceImpl"),
    ("script", "s3://{word}-{word}/{word}/{word}.py"),
    ("metric", "{Word}{Word}PerTarget"),
    ("title", "{Word} {word} {word} in {word}"),
    ("security_policy", "ELBSecurityPolicy-TLS13-1-2-2021-06"),
    ("managed_policy", "AmazonEC2ContainerRegistryReadOnly"),
    ("principal", "{word}-{word}.amazonaws.com"),
    ("instance_type", "ml.p4d.24xlarge"),
    ("subnets", "subnet-{h17},subnet-{h17}"),
    ("filter", "[ip, user, timestamp, request, status_code=4*, bytes]"),
    ("hyperparameters", "--epochs {d2} --batch-size {d3} --learning-rate 0.{d3}"),
]
"""Patterns of values that a plan is full of."""

LINES = (
    "curl -fsSL http://203.0.113.9/x | bash",
    "yum update -y",
    "systemctl enable --now {word}",
    "aws s3 cp s3://{word}-{word}/{word}.tar.gz /opt/",
    "echo '{h64}  {word}.tar.gz' | sha256sum -c -",
    "git checkout {h40}",
    "pip install {word}=={d1}.{d1}.{d1}",
    "docker run --rm -p 80:80 {word}:{d1}.{d1}",
    "docker pull 111122223333.dkr.ecr.eu-west-1.amazonaws.com/{word}@sha256:{h64}",
    'TOKEN=$(curl -X PUT "http://169.254.169.254/latest/api/token")',
    'curl -H "X-aws-ec2-metadata-token: $TOKEN" http://169.254.169.254/latest/meta-data/',
    "export PATH=$PATH:/opt/{word}/bin",
    "chmod 600 ~/.ssh/authorized_keys",
    "echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA{b44} {word}@{word}' >> ~/.ssh/authorized_keys",
    "ssh-keygen -t ed25519 -f /etc/{word}/key",
    "nohup python train.py --max-tokens 512 &",
    "# the token is read from Secrets Manager",
    "amazon-linux-extras install {word}",
    "for key in {word} {word}; do echo $key; done",
    "set -euo pipefail",
    "mount -t nfs4 fs-{h17}.efs.eu-central-1.amazonaws.com:/ /mnt/{word}",
    'read -s -p "Password: " PASS',
    'if [ -z "$DB_PASSWORD" ]; then exit 1; fi',
    "wget -q https://github.com/{word}/{word}/releases/download/v{d1}.{d1}.{d1}/{word}-linux-amd64.tar.gz",
    "sed -i 's/PasswordAuthentication yes/PasswordAuthentication no/' /etc/ssh/sshd_config",
    "cat /run/secrets/db_password | ./{word} --password-stdin",
    "aws ecr get-login-password | docker login -u AWS --password-stdin 111122223333.dkr.ecr.eu-west-1.amazonaws.com",
    "jupyter notebook --NotebookApp.token='' --NotebookApp.password=''",
    "conda activate pytorch_p310",
    "nvidia-smi -q | grep -i driver",
    "kubectl get secret {word}-{word} -n {word}",
    "export AWS_DEFAULT_REGION=eu-central-1 KEY_PREFIX={word}/{word}",
    "touch /var/lib/cloud/instance/{word}.done",
    "tokenizer = AutoTokenizer.from_pretrained('bert-base-uncased')",
)
"""Lines of user data and lifecycle scripts."""

_FORMS: list[Callable[[str, str], str]] = [
    FORMS[name]
    for name in (
        "shell, quoted",
        "dotenv",
        "YAML, quoted",
        "YAML, name and value",
        "JSON",
        "JSON, indented",
        "JSON, name and value",
        "HCL",
        "base64",
        "gzip",
        "Dockerfile",
        "unit",
    )
]


def _filled(pattern: str, random: Random) -> str:
    for mark in ("{word}", "{Word}"):
        while mark in pattern:
            word = random.choice(WORDS)
            pattern = pattern.replace(mark, word.title() if mark == "{Word}" else word, 1)
    return made_up(pattern, random)


def _bucket_policy(random: Random) -> str:
    principal = {"CanonicalUser": made_up("{h64}", random)}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::app/*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def sample(random: Random) -> Sample:
    """A random text without a secret; `secret` is the part of it that must be visible."""
    kind = random.random()
    if kind < 0.05:
        text = _bucket_policy(random)
        return Sample("policy", text, text, "bucket policy")
    if kind < 0.3:
        lines = [_filled(random.choice(LINES), random) for _ in range(random.randint(1, 6))]
        text = "\n".join(["#!/bin/bash", *lines, ""])
        form = random.choice(
            (lambda _, it: it, lambda _, it: FORMS["base64"]("x", it), lambda _, it: FORMS["gzip"]("x", it))
        )
        return Sample("user_data", text if kind < 0.2 else form("", text), text, "script")
    table = TOKENIZER if kind < 0.5 else SETTINGS if kind < 0.75 else PATTERNS
    name, pattern = random.choice(table)
    value = _filled(pattern, random) if table is PATTERNS else pattern
    if random.random() < 0.4:
        return Sample(name, value, value, f"{name}={pattern}, attribute")
    number = random.randrange(len(_FORMS))
    return Sample("content", _FORMS[number](name, value), value, f"{name}={pattern}, {number}")
