"""Sample reviews for the tests of the renderers: without changes, with 3 changes, and with any number."""

from functools import cache

from scripts.review.model import (
    Action,
    ChangeView,
    Difference,
    Finding,
    Permission,
    PrincipalChange,
    Review,
    Severity,
    Shown,
    Status,
)

S3_PAGE = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html"
IAM_PAGE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html"
BUCKET_PAGE = "https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/s3_bucket"


def difference(path: str, before: str | None, after: str | None, forces: bool = False) -> Difference:
    old, new = (None if each is None else Shown(each) for each in (before, after))
    return Difference(Shown(path), old, new, forces)


def finding(
    severity: Severity, status: Status, address: str, what: str = "", rule: str = "s3-public-access"
) -> Finding:
    return Finding(
        rule,
        severity,
        status,
        Shown(address),
        "A bucket may become public",
        Shown(what or "The bucket's public access block is taken away."),
        "Whoever knows the bucket's name may be able to read what is in it.",
        "Keep all four settings of aws_s3_bucket_public_access_block true.",
        S3_PAGE,
    )


def empty(source: str = "dev") -> Review:
    return Review(
        source=source,
        terraform_version="1.11.4",
        verdict=Shown("Nothing changes."),
        summary=(),
        counts={},
        findings=(),
        suppressed=(),
        permissions=(),
        changes=(),
        drift=(),
        outputs=(),
        deferred=(),
        digest="0" * 32,
        errored=False,
        complete=True,
        applyable=False,
    )


def three() -> Review:
    """A replaced bucket, a role with more permissions, a changed tag."""
    bucket, role = "module.buckets.aws_s3_bucket.models", "module.training_role.aws_iam_role_policy.training"
    return Review(
        source="dev",
        terraform_version="1.11.4",
        verdict=Shown("Replaces the models bucket: its objects are lost."),
        summary=(Shown("Invokes 1 action."),),
        counts={"update": 2, "replace": 1},
        findings=(
            Finding(
                "s3-bucket-destroyed",
                Severity.CRITICAL,
                Status.NEW,
                Shown(bucket),
                "A bucket is destroyed or replaced",
                Shown("The bucket acme-models is replaced, because its name changes; force_destroy lets it go."),
                "Every object and every version in it is lost, and nothing in AWS brings them back.",
                "Keep the name, or copy the objects first and remove the old bucket in a change of its own.",
                BUCKET_PAGE,
            ),
            Finding(
                "iam-pass-role-anything",
                Severity.HIGH,
                Status.NEW,
                Shown(role),
                "A role may pass every role",
                Shown("The role may pass any role of the account: iam:PassRole on *."),
                "Whoever may start a training job can run it with an administrator's rights.",
                "Name the role's ARN as the resource, and add a condition on iam:PassedToService.",
                IAM_PAGE,
            ),
            finding(Severity.LOW, Status.THERE, "aws_cloudwatch_log_group.training", "Logs are kept for 30 days."),
        ),
        suppressed=(),
        permissions=(
            PrincipalChange(
                Shown("trainyard-dev-training"),
                "identity",
                Shown("module.training_role.aws_iam_role.training"),
                added=(
                    Permission("Allow", Shown("iam:PassRole"), Shown("*"), Shown(""), ("escalates", "on everything")),
                    Permission("Allow", Shown("s3:GetObject"), Shown("arn:aws:s3:::acme-datasets/*")),
                ),
                removed=(
                    Permission(
                        "Allow",
                        Shown("s3:GetObject"),
                        Shown("arn:aws:s3:::acme-datasets/digits/*"),
                        Shown("from VPC vpc-0a1b2c"),
                    ),
                ),
            ),
        ),
        changes=(
            ChangeView(
                Shown(role),
                Shown("module.training_role"),
                "aws_iam_role_policy",
                Action.UPDATE,
                "update in place",
                differences=(
                    difference('policy.Statement["PassRole"].Resource', "arn:aws:iam::111122223333:role/t", "*"),
                    difference('policy.Statement["Data"].Resource[0]', None, "arn:aws:s3:::acme-datasets/*"),
                ),
                folded=1,
            ),
            ChangeView(
                Shown(bucket),
                Shown("module.buckets"),
                "aws_s3_bucket",
                Action.REPLACE,
                "replace, old one first",
                Shown("an attribute that cannot be changed in place"),
                differences=(
                    difference("bucket", "acme-models", "acme-models-eu", True),
                    difference("arn", "arn:aws:s3:::acme-models", "(known after apply)"),
                    difference("force_destroy", "false", "true"),
                ),
                folded=6,
            ),
            ChangeView(
                Shown("aws_sns_topic.alerts"),
                Shown(""),
                "aws_sns_topic",
                Action.UPDATE,
                "update in place",
                differences=(difference("tags.Owner", "ml", "platform"),),
            ),
        ),
        drift=(),
        outputs=(difference("models_bucket", "acme-models", "acme-models-eu"),),
        deferred=(),
        digest="9f86d081884c7d659a2feaa0c55ad015",
        errored=False,
        complete=True,
        applyable=True,
    )


_KINDS = (
    ("aws_s3_bucket", ("bucket", "force_destroy", "tags.Owner", "region")),
    ("aws_iam_role_policy", ("name", "policy.Statement[0].Action[2]", "policy.Statement[0].Resource", "role")),
    ("aws_security_group", ("description", "ingress[0].cidr_blocks[0]", "ingress[0].from_port", "vpc_id")),
    ("aws_cloudwatch_log_group", ("name", "retention_in_days", "kms_key_id", "tags.Owner")),
    ("aws_lambda_function", ("memory_size", "timeout", "environment[0].variables.MODE", "runtime")),
)

_ACTIONS = (Action.UPDATE, Action.CREATE, Action.UPDATE, Action.CREATE, Action.REPLACE, Action.UPDATE, Action.DESTROY)

_LABELS = {
    Action.UPDATE: "update in place",
    Action.CREATE: "create",
    Action.REPLACE: "replace, new one first",
    Action.DESTROY: "destroy",
}


def _numbered(number: int) -> ChangeView:
    kind, paths = _KINDS[number % len(_KINDS)]
    action = _ACTIONS[number % len(_ACTIONS)]
    module = f'module.team["{number // 25}"]'
    before = [None if action is Action.CREATE else f"value-{number}-of-{path}-before" for path in paths]
    after = [None if action is Action.DESTROY else f"value-{number}-of-{path}-after" for path in paths]
    if action in {Action.CREATE, Action.REPLACE}:
        after[-1] = "(known after apply)"
    differences = tuple(
        difference(path, old, new, action is Action.REPLACE and place == 0)
        for place, (path, old, new) in enumerate(zip(paths, before, after, strict=True))
    )
    return ChangeView(
        Shown(f"{module}.{kind}.this[{number}]"),
        Shown(module),
        kind,
        action,
        _LABELS[action],
        differences=differences,
        folded=3,
    )


@cache
def numbered(count: int, source: str = "prod") -> Review:
    """As many changes, with a finding for every tenth and a principal for every fiftieth."""
    changes = tuple(_numbered(number) for number in range(count))
    tally = {action.value: sum(change.action is action for change in changes) for action in Action}
    heaviest = sorted(Severity, reverse=True)
    found = [
        finding(
            heaviest[min(place % 23, 4)],
            (Status.NEW, Status.THERE, Status.FIXED)[place % 3],
            change.address,
            f"What {change.address} holds may be lost: {change.label}.",
        )
        for place, change in enumerate(changes[::10])
    ]
    order = list(Status)
    found.sort(key=lambda each: (-each.severity, order.index(each.status)))
    return Review(
        source=source,
        terraform_version="1.11.4",
        verdict=Shown(f"Destroys {tally['destroy']:,} resources and replaces {tally['replace']:,}."),
        summary=(),
        counts=tally,
        findings=tuple(found),
        suppressed=(),
        permissions=tuple(
            PrincipalChange(
                Shown(f"role-{place}"),
                "identity",
                Shown(f"aws_iam_role.role[{place}]"),
                added=tuple(
                    Permission(
                        "Allow", Shown(f"s3:{verb}Object"), Shown(f"arn:aws:s3:::bucket-{place}/*"), Shown(""), marks
                    )
                    for verb, marks in (("Get", ()), ("Put", ("lost condition",)))
                ),
                removed=(Permission("Allow", Shown("s3:*"), Shown(f"arn:aws:s3:::bucket-{place}")),),
            )
            for place in range(count // 50)
        ),
        changes=changes,
        drift=changes[: count // 100],
        outputs=(difference("buckets", "3", "4"),),
        deferred=(),
        digest="e3b0c44298fc1c149afbf4c8996fb924",
        errored=False,
        complete=True,
        applyable=True,
    )
