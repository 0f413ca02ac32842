"""Writes docs/review-rules.md: every rule, by service.

python -m scripts.review.rules.page > docs/review-rules.md
"""

from collections.abc import Iterator

from scripts.review.rules import RULES, Rule

_SERVICES = (
    "Every service", "The plan itself", "Data and names", "S3", "IAM", "ECR", "KMS", "CloudWatch Logs",
    "CloudTrail and flow logs", "SNS", "SQS", "EventBridge", "Lambda", "ECS", "VPC", "EC2 and EBS", "RDS", "DynamoDB",
    "EFS", "Secrets Manager", "SSM", "SageMaker",
)  # fmt: skip
_HEAD = """\
# The rules of the plan review

What `make plan` and `python -m scripts.plan review` say of a Terraform plan. (This page is made from the rules
themselves by `python -m scripts.review.rules.page > docs/review-rules.md`.)

Findings of `critical` and `high` that a plan brings apply only with an approval. Rules of the kind *state* look at a
resource before and after the change, so that each finding is new, already there, or fixed; what a plan leaves alone is
not judged. Rules of the kind *change* look at what happens to a resource, those of the kind *plan* at all of it.

A rule is switched off in `review.toml`, for all resources or for some, and never without a reason; the review shows
what was switched off:

```toml
[[off]]
rule = "s3-force-destroy"
address = "module.buckets.*"   # optional: an address; * stands for any text
source = "local"               # optional: an environment, or the name of a plan file
reason = "Everything in a rehearsal may be thrown away."
```

What no rule can see: `prevent_destroy` and other lifecycle settings, which a plan does not hold; settings that another
configuration owns, or nobody; whose an account is: all but those that Terraform was signed in to, and those in the
ARNs of the plan's resources, are others to it, AWS's own among them (those from which load balancers write logs); and
what a `dynamic` block will hold whose `for_each` is known only after the apply,
where the provider would fill in the block by itself (a security group's `ingress`).
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
