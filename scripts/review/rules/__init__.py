"""The rules of the review: each is one small function that reports one kind of problem."""

from . import (
    changes,
    compute,
    databases,
    ecr,
    environments,
    execution,
    functions,
    iam,
    iam_exclusive,
    iam_trust,
    kms,
    logs,
    messaging,
    network,
    other_accounts,
    outputs,
    plain_secrets,
    plan,
    protection,
    s3,
    s3_retention,
    sagemaker,
    secrets,
)
from .engine import findings
from .registry import RULES, Rule
from .settings import exposure, several_values, sharing, storage, transport, watching

__all__ = ["FAMILIES", "RULES", "Rule", "findings"]

FAMILIES = (
    plan, execution, changes, protection, outputs, other_accounts, s3, s3_retention, iam, iam_exclusive, iam_trust, ecr,
    kms, logs, messaging, functions, environments, network, compute, databases, secrets, plain_secrets, sagemaker,
    exposure, several_values, sharing, storage, transport, watching,
)  # fmt: skip
"""The modules with the rules; each registers its rules when it is imported."""
