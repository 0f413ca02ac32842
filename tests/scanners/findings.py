"""What parliament and cloudsplaining find in the policies of terraform/, and why each finding stays.

``python -m tests.scanners.findings`` writes the table into docs/security.md.
"""

import re
from dataclasses import dataclass

from tests.conftest import ROOT

PAGE = ROOT / "docs/security.md"
TABLE = re.compile(r"<!-- findings -->\n.*?<!-- end -->", re.DOTALL)

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


def with_table(page: str) -> str:
    """A page with its table made again."""
    rows = [
        f"| {one.policy} | {one.finding} | {', '.join(one.details)} | {one.reason} |".replace("*:", "\\*:")
        for one in FINDINGS
    ]
    table = "\n".join(["| Policy | Finding | About | Why it stays |", "|---|---|---|---|", *rows])
    return TABLE.sub(lambda _: f"<!-- findings -->\n{table}\n<!-- end -->", page)


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
