"""What scanners find in the policies of terraform/ and in a plan, and why each finding stays.

``python -m tests.scanners.findings`` writes the tables into docs/security.md.
"""

import re
from dataclasses import dataclass

from tests.conftest import ROOT

PAGE = ROOT / "docs/security.md"
TABLE = re.compile(r"<!-- (findings|plan) -->\n.*?<!-- end -->", re.DOTALL)

POLICIES = {
    "module.role.aws_iam_role_policy.this": "training role",
    "module.role_with_options.aws_iam_role_policy.this": "training role, more data and repositories",
    "module.role_with_options.aws_iam_role_policy.key[0]": "training role, key",
    "module.role_with_options.aws_iam_role_policy.network[0]": "training role, network",
    "module.people.aws_iam_policy.train": "people, `train`",
    "module.people.aws_iam_policy.build": "people, `build`",
    "module.people.aws_iam_policy.build_options[0]": "people, `build-options`",
}
"""The policies of policies/main.tf, by their address: all of them."""


@dataclass(frozen=True)
class Finding:
    """A finding that stays.

    Attributes:
        policy: its name in POLICIES.
        finding: the scanner and its name for it.
        details: what it is about.
        reason: why it stays.
    """

    policy: str
    finding: str
    details: tuple[str, ...]
    reason: str


_TOKEN = ("cloudsplaining CredentialsExposure", ("ecr:GetAuthorizationToken",))
_TOKEN_REASON = "AWS offers no resource for it. The token gives no rights beyond those on the repositories"
_ALONE = (
    "The action is checked on resources of several kinds, and statements with different conditions allow them. The "
    "scanner looks at each statement alone"
)

FINDINGS = (
    Finding("training role", *_TOKEN, _TOKEN_REASON),
    Finding(POLICIES["module.role_with_options.aws_iam_role_policy.this"], *_TOKEN, _TOKEN_REASON),
    Finding(
        "training role, network",
        "parliament RESOURCE_MISMATCH",
        (
            "ec2:CreateNetworkInterface on arn:*:ec2:*:*:network-interface/*",
            "ec2:CreateNetworkInterface on arn:*:ec2:*:*:subnet/*",
        ),
        _ALONE,
    ),
    Finding(
        "training role, network",
        "parliament UNKNOWN_CONDITION_FOR_ACTION",
        ("Unknown condition ec2:Subnet for action ec2:CreateNetworkInterface",),
        "[AWS lists it](https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html) for "
        "network interfaces",
    ),
    Finding("people, `train`", *_TOKEN, _TOKEN_REASON),
    Finding(
        "people, `build`",
        "parliament RESOURCE_POLICY_PRIVILEGE_ESCALATION",
        (
            "s3:DeleteObject through s3:PutBucketPolicy",
            "s3:DeleteObject through s3:PutLifecycleConfiguration",
            "s3:GetObject through s3:PutBucketPolicy",
            "s3:PutObject through s3:PutBucketPolicy",
        ),
        "True: `make infra` writes the policies and the lifecycle rules of the buckets, so its user can open or empty "
        "them. Give `build` to whom you trust with the data, or make the buckets yourself (`existing_buckets`) and "
        "leave them out of `bucket_arns`",
    ),
    Finding(
        "people, `build-options`",
        "parliament RESOURCE_MISMATCH",
        (
            "ec2:AuthorizeSecurityGroupEgress on arn:*:ec2:*:*:security-group/*",
            "ec2:AuthorizeSecurityGroupIngress on arn:*:ec2:*:*:security-group/*",
            "ec2:CreateRouteTable on arn:*:ec2:*:*:vpc/*",
            "ec2:CreateSubnet on arn:*:ec2:*:*:vpc/*",
            "ec2:CreateVpcEndpoint on arn:*:ec2:*:*:vpc/*",
        ),
        _ALONE,
    ),
)


_LOG_BUCKET = "module.access_logs.aws_s3_bucket.this"

IN_PLAN = {
    ("CKV_AWS_18", _LOG_BUCKET): "The logs of the log bucket would cause more logs",
    ("CKV_AWS_21", _LOG_BUCKET): "A log is written once and never changed",
    ("CKV_AWS_21", 'module.buckets.aws_s3_bucket.this["checkpoints"]'): "Checkpoints are overwritten all the time, and "
    "nobody needs them after their job has ended",
    ("CKV_AWS_145", _LOG_BUCKET): "S3 delivers no logs to a bucket that needs a KMS key",
}
"""What checkov fails in a plan of terraform/examples/own_root: the check, the resource, and why."""


def with_tables(page: str) -> str:
    """A page with its tables made again."""
    rows = {
        "findings": [
            "| Policy | Finding | About | Why it stays |",
            "|---|---|---|---|",
            *(
                f"| {one.policy} | {one.finding} | {', '.join(f'`{text}`' for text in one.details)} | {one.reason} |"
                for one in FINDINGS
            ),
        ],
        "plan": [
            "| Check | Resource | Why it stays |",
            "|---|---|---|",
            *(f"| {check} | `{resource}` | {reason} |" for (check, resource), reason in IN_PLAN.items()),
        ],
    }
    return TABLE.sub(lambda found: "\n".join([f"<!-- {found[1]} -->", *rows[found[1]], "<!-- end -->"]), page)


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
