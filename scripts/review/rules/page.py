"""Writes docs/review-rules.md, a table of all rules by service.

python -m scripts.review.rules.page > docs/review-rules.md
"""

from collections.abc import Iterator

from . import RULES, Rule

_SERVICES = (
    "Every service", "The plan itself", "What the apply executes", "Permissions", "Data and names", "S3", "IAM", "ECR",
    "KMS", "CloudWatch Logs", "CloudTrail and flow logs", "SNS", "SQS", "EventBridge", "Lambda", "ECS", "VPC",
    "EC2 and EBS", "RDS", "DynamoDB", "EFS", "Secrets Manager", "SSM", "SageMaker", "CodeBuild",
    "Settings of other services",
)  # fmt: skip
_HEAD = """\
# The rules of the plan review

`make plan` and `python -m scripts.plan review` check a Terraform plan against these rules. (This page is written by
`python -m scripts.review.rules.page > docs/review-rules.md`.)

A plan with new findings of severity `critical` or `high` applies only with an approval. Rules of the kind *state* check
a resource before and after the change, so each finding is new, already there, or fixed. They skip resources that the
plan does not change. Rules of the kind *change* check what happens to a resource, rules of the kind *plan* check the
plan as a whole.

You switch a rule off in `review.toml`, for all resources or for some, and always with a reason. The review shows the
findings that are switched off:

```toml
[[off]]
rule = "s3-force-destroy"
address = "module.buckets.*"   # optional: an address; * stands for any text
source = "local"               # optional: an environment, or the name of a plan file
reason = "Everything in a rehearsal may be deleted."
```

The rules cannot see everything:

- `prevent_destroy` and other lifecycle settings, because a plan does not contain them;
- settings that another configuration manages, or that no configuration manages;
- who owns an account. Your own accounts are the one that you name (`--account`; `make plan` does so), those that
  Terraform was signed in to, and those in the ARNs of the plan's resources. All others count as other accounts, even
  AWS's own, such as those from which load balancers write logs;
- the content of a `dynamic` block if its `for_each` is known only after the apply and the provider could fill in the
  block itself (a security group's `ingress`).
"""


def page() -> str:
    """The whole page."""
    services = dict.fromkeys((*_SERVICES, *(rule.service for rule in RULES.values())))
    return "\n".join([_HEAD, *(line for service in services for line in _section(service))])


def _section(service: str) -> Iterator[str]:
    rules = [rule for rule in RULES.values() if rule.service == service]
    yield f"## {service}\n"
    yield "| Rule | Severity | Kind | What it finds | Why it matters | What to do |"
    yield "|---|---|---|---|---|---|"
    for rule in sorted(rules, key=lambda each: (-each.severity, each.id)):
        yield _row(rule)
    yield ""


def _row(rule: Rule) -> str:
    cells = (f"[`{rule.id}`]({rule.page})", rule.severity.name.lower(), rule.kind, rule.title, rule.why, rule.fix)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


if __name__ == "__main__":
    print(page(), end="")
