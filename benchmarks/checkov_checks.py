"""What checkov's checks mean: which are grave, and which mean the same as a rule of the review.

checkov gives no severities without its maker's server. So this file names each of its checks of AWS resources, as of
3.3.30, that means one of four things: somebody outside gets in, a port is open to the world, a secret stands in plain
text, somebody or something may do almost everything. https://www.checkov.io/5.Policy%20Index/terraform.html
"""

from typing import NamedTuple

SECRETS = "CKV_SECRET_"
"""The beginning of the ids of its checks for secrets anywhere in a file."""

_A, _B = "CKV_AWS_", "CKV2_AWS_"


def _ids(prefix: str, numbers: str) -> frozenset[str]:
    return frozenset(f"{prefix}{number}" for number in numbers.split())


PUBLIC = _ids(
    _A,
    "17 20 32 33 38 39 53 54 55 56 57 59 60 69 70 72 87 88 89 100 102 123 130 137 164 167 168 169 205 258 283 291 301"
    " 302 303 309 331 333 364 366 375 385 387 389 390 391 392",
) | _ids(_B, "6 43 66 70")
OPEN = _ids(_A, "24 25 229 230 231 232 260 277 352") | _ids(_B, "7 12 44 75")
PLAIN_SECRETS = _ids(_A, "41 45 46 295") | _ids(_B, "34 36")
PRIVILEGED = _ids(
    _A, "1 49 61 62 63 107 109 110 210 274 275 286 287 289 307 316 334 335 348 358 393"
) | _ids(_B, "40 56 68")  # fmt: skip
GRAVE = PUBLIC | OPEN | PLAIN_SECRETS | PRIVILEGED


def is_grave(check: str) -> bool:
    """Whether a check means one of the four things."""
    return check in GRAVE or check.startswith(SECRETS)


class Same(NamedTuple):
    """Checks and rules that mean the same.

    Attributes:
        checks: the checks' ids.
        rules: the rules' ids; one of them is enough.
        reason: what both report.
    """

    checks: frozenset[str]
    rules: tuple[str, ...]
    reason: str


_GROUPS = ("sg-open-everything", "sg-open-admin-port", "sg-open-port", "sg-open-web")
_WIDE = ("iam-admin-policy", "iam-allow-not-action", "iam-service-wildcard")
SECRET_RULES = (
    "lambda-secret-in-environment",
    "ecs-secret-in-environment",
    "sagemaker-secret-in-environment",
    "codebuild-secret-in-environment",
    "secret-in-configuration",
    "secret-in-script",
)
"""The rules that mean the same as checkov's checks for secrets anywhere in a file."""

SAME = (
    Same(_ids(_A, "20 57 375") | _ids(_B, "43"), ("s3-public-acl",), "an ACL gives strangers access to a bucket"),
    Same(_ids(_A, "70"), ("s3-public-policy",), "a bucket's policy allows something to everybody"),
    Same(_ids(_A, "53 54 55 56"), ("s3-public-access-open",), "a part of the block of public access is off"),
    Same(
        _ids(_B, "6"),
        ("s3-public-access-not-blocked", "s3-public-access-open"),
        "a bucket's public access is not blocked",
    ),
    Same(_ids(_A, "32"), ("ecr-public-policy",), "a registry's policy allows something to everybody"),
    Same(_ids(_A, "51"), ("ecr-mutable-tags",), "an image's tag can be overwritten"),
    Same(_ids(_A, "163"), ("ecr-no-scan",), "images are not scanned when they are pushed"),
    Same(_ids(_A, "33"), ("kms-public-policy",), "a key's policy allows something to everybody"),
    Same(_ids(_A, "72 168 387"), ("sqs-public-policy",), "a queue's policy allows something to everybody"),
    Same(_ids(_A, "27"), ("sqs-not-encrypted",), "a queue's messages are stored in clear"),
    Same(_ids(_A, "169"), ("sns-public-policy",), "a topic's policy allows something to everybody"),
    Same(_ids(_A, "26"), ("sns-not-encrypted",), "a topic has no KMS key"),
    Same(
        _ids(_A, "385"), ("outside-account-access", "outside-account-rights"), "another account gets access to a topic"
    ),
    Same(_ids(_A, "167"), ("public-grant",), "an archive's policy allows something to everybody"),
    Same(_ids(_A, "301"), ("lambda-public-permission",), "everybody may call a function"),
    Same(_ids(_A, "364"), ("lambda-any-source",), "a service may call a function on behalf of anybody"),
    Same(_ids(_A, "258"), ("lambda-url-without-auth",), "a function's URL asks for no signature"),
    Same(_ids(_A, "45"), ("lambda-secret-in-environment",), "a function's variables hold a secret"),
    Same(_ids(_B, "75"), ("lambda-cors-open", "api-cors-open"), "pages of any site may call it"),
    Same(_ids(_A, "59") | _ids(_B, "70"), ("api-without-authorization",), "an API's method asks for nothing"),
    Same(_ids(_A, "309"), ("route-without-authorization",), "an API's route asks for nothing"),
    Same(_ids(_A, "206"), ("api-weak-tls",), "an API's domain accepts old TLS"),
    Same(_ids(_A, "366"), ("cognito-unauthenticated",), "people who have not signed in get credentials"),
    Same(_ids(_A, "303"), ("document-shared-with-all",), "a document is shared with every account"),
    Same(_ids(_B, "34"), ("ssm-secret-in-clear",), "a parameter with a secret is not encrypted"),
    Same(_ids(_A, "295"), ("secret-in-configuration",), "a secret stands in the configuration"),
    Same(_ids(_A, "46"), ("secret-in-script",), "a machine's start script holds a secret"),
    Same(_ids(_A, "205"), ("image-shared", "snapshot-public"), "another account may start a machine image"),
    Same(_ids(_A, "302"), ("snapshot-public", "db-snapshot-shared"), "a database's snapshot is shared"),
    Same(_ids(_A, "17 87 102 391"), ("rds-public",), "a database has a public address"),
    Same(_ids(_A, "69 89"), ("service-public",), "a broker or a replication instance has a public address"),
    Same(_ids(_A, "137"), ("search-public",), "a search domain is outside of a VPC"),
    Same(_ids(_A, "291"), ("kafka-public",), "Kafka's brokers have public addresses"),
    Same(_ids(_B, "66"), ("airflow-public",), "Airflow's web server answers the internet"),
    Same(_ids(_A, "164"), ("transfer-public",), "a transfer server answers the internet"),
    Same(_ids(_A, "38 39"), ("eks-endpoint-open",), "a cluster's API answers the internet"),
    Same(_ids(_A, "100"), ("eks-nodes-open",), "nodes open SSH to the internet"),
    Same(_ids(_A, "88 389"), ("ec2-public-address",), "an instance gets a public address"),
    Same(_ids(_A, "130"), ("subnet-public-addresses",), "instances in a subnet get public addresses"),
    Same(_ids(_A, "333"), ("ecs-public-address",), "tasks get public addresses"),
    Same(_ids(_A, "390"), ("emr-public",), "EMR accepts clusters that are open to the internet"),
    Same(_ids(_A, "392"), ("access-point-policy-open", "access-point-public-open"), "an access point may be public"),
    Same(_ids(_A, "123"), ("endpoint-service-unattended", "endpoint-service-open"), "nobody looks at new connections"),
    Same(_ids(_A, "331"), ("transit-unattended",), "a transit gateway accepts attachments by itself"),
    Same(_ids(_A, "24 25 260 277") | _ids(_B, "7 12"), _GROUPS, "a security group opens a port to the internet"),
    Same(
        _ids(_A, "229 230 231 232 352"),
        ("nacl-open-admin-port", "nacl-open-everything"),
        "a network ACL opens administration ports to the internet",
    ),
    Same(_ids(_A, "79"), ("ec2-imds-v1",), "the metadata service asks for no token"),
    Same(_ids(_A, "3 8"), ("ebs-not-encrypted",), "a volume is stored in clear"),
    Same(_ids(_A, "106"), ("ebs-default-encryption-off",), "new volumes are stored in clear"),
    Same(_ids(_A, "2 103 376") | _ids(_B, "20"), ("lb-plain-http", "lb-weak-tls"), "a listener has no TLS, or old one"),
    Same(_ids(_A, "30 31"), ("cache-in-clear",), "a cache accepts connections without TLS"),
    Same(_ids(_A, "29"), ("cache-not-encrypted",), "a cache is stored in clear"),
    Same(_ids(_A, "34"), ("cdn-plain-http",), "a distribution answers plain HTTP"),
    Same(_ids(_A, "174"), ("cdn-weak-tls",), "a distribution accepts old TLS"),
    Same(_ids(_B, "54"), ("cdn-origin-weak-tls",), "a distribution reaches its origin with old TLS"),
    Same(_ids(_A, "16 44 74 96"), ("rds-not-encrypted",), "a database is stored in clear"),
    Same(_ids(_A, "64"), ("redshift-not-encrypted",), "a warehouse is stored in clear"),
    Same(_ids(_A, "47"), ("dax-not-encrypted",), "a table's cache is stored in clear"),
    Same(_ids(_A, "239"), ("dax-in-clear",), "a table's cache accepts connections without TLS"),
    Same(_ids(_A, "90") | _ids(_B, "69"), ("database-tls-optional",), "a database accepts connections without TLS"),
    Same(_ids(_B, "49"), ("migration-in-clear",), "a migration connects without TLS"),
    Same(_ids(_A, "139 293") | _ids(_B, "58"), ("rds-no-deletion-protection",), "a database can be deleted"),
    Same(_ids(_A, "133"), ("rds-no-backups",), "a database has no backups"),
    Same(_ids(_A, "28"), ("dynamodb-no-recovery",), "a table cannot be restored to a point in time"),
    Same(_ids(_A, "42"), ("efs-not-encrypted",), "a file system is stored in clear"),
    Same(_ids(_A, "97"), ("ecs-files-in-clear",), "a task mounts a file system without TLS"),
    Same(_ids(_A, "43"), ("stream-not-encrypted",), "a stream's records are stored in clear"),
    Same(_ids(_A, "81"), ("kafka-plaintext",), "Kafka accepts connections without TLS"),
    Same(_ids(_A, "5"), ("search-not-encrypted",), "a search domain is stored in clear"),
    Same(_ids(_A, "6"), ("search-nodes-in-clear",), "a search domain's nodes talk in clear"),
    Same(_ids(_A, "83"), ("search-plain-http",), "a search domain answers plain HTTP"),
    Same(_ids(_A, "228"), ("search-weak-tls",), "a search domain accepts old TLS"),
    Same(_ids(_A, "210"), ("batch-privileged",), "a job's container controls its host"),
    Same(_ids(_A, "334"), ("ecs-privileged",), "a task's container controls its host"),
    Same(_ids(_A, "335"), ("ecs-host-processes",), "a task sees the processes of its host"),
    Same(_ids(_A, "316"), ("build-privileged",), "a build controls its host"),
    Same(_ids(_A, "78"), ("build-artifacts-in-clear",), "a build's artifacts are not encrypted with its key"),
    Same(_ids(_A, "311"), ("build-logs-in-clear",), "a build's logs are not encrypted with its key"),
    Same(_ids(_A, "307"), ("sagemaker-notebook-root",), "users of a notebook are root"),
    Same(_ids(_A, "122"), ("sagemaker-notebook-internet",), "a notebook reaches the internet"),
    Same(_ids(_A, "371"), ("sagemaker-notebook-imds-v1",), "a notebook's metadata service asks for no token"),
    Same(_ids(_A, "370"), ("sagemaker-no-isolation",), "a model's container reaches the network"),
    Same(_ids(_A, "98"), ("sagemaker-endpoint-no-key",), "an endpoint's storage has no KMS key"),
    Same(_ids(_B, "68"), ("sagemaker-full-access", "iam-admin-attachment"), "a notebook's role may do too much"),
    Same(_ids(_A, "274 275") | _ids(_B, "56"), ("iam-admin-attachment",), "a policy for administrators is attached"),
    Same(_ids(_A, "1 49 62 63") | _ids(_B, "40"), ("iam-admin-policy",), "a policy allows everything"),
    Same(_ids(_A, "286 110"), (*_WIDE, "iam-escalation", "iam-pass-role"), "its holder can gain more permissions"),
    Same(
        _ids(_A, "289 109"),
        (*_WIDE, "iam-escalation", "iam-pass-role"),
        "its holder can change who has access to what",
    ),
    Same(_ids(_A, "287 107"), (*_WIDE, "iam-data-everywhere"), "its holder reads all credentials"),
    Same(_ids(_A, "288 108"), (*_WIDE, "iam-data-everywhere"), "its holder reads all data"),
    Same(
        _ids(_A, "290 111 355 356"),
        (*_WIDE, "iam-data-everywhere", "iam-escalation", "iam-pass-role"),
        "it allows on every resource what can be allowed on some",
    ),
    Same(_ids(_A, "60"), ("iam-trust-public",), "everybody may assume a role"),
    Same(_ids(_A, "61"), ("iam-trust-account", "outside-account-rights"), "a whole account may assume a role"),
    Same(_ids(_A, "358 393"), ("iam-oidc-unbound",), "any token of the provider can assume a role"),
    Same(_ids(_A, "348"), ("iam-access-key",), "somebody has a key that never expires"),
    Same(_ids(_A, "273") | _ids(_B, "22"), ("iam-user",), "a person is an IAM user"),
    Same(_ids(_A, "10"), ("password-policy-short",), "passwords may be short"),
    Same(_ids(_A, "251"), ("trail-off",), "CloudTrail records nothing"),
    Same(_ids(_A, "67"), ("trail-one-region",), "CloudTrail records one region"),
    Same(_ids(_A, "36"), ("trail-not-validated",), "CloudTrail's files can be changed unseen"),
    Same(_ids(_A, "238") | _ids(_B, "3"), ("guardduty-off",), "GuardDuty is off"),
)

RULES_OF: dict[str, tuple[str, ...]] = {check: each.rules for each in SAME for check in each.checks}
"""The rules that mean the same as a check."""

KINDS = (
    ("own KMS keys", r"KMS|CMK"),
    ("broad permissions", r"IAM polic"),
    ("firewalls", r"WAF|Log4j"),
    ("logs and metrics", r"[Ll]ogg?(?:s|ing)?\b|X-Ray|[Mm]onitoring|[Ii]nsights|notification|SNS Topic"),
    (
        "copies and recovery",
        r"[Bb]ackup|Multi-AZ|replication|[Ff]ailover|versioning|lifecycle|[Dd]eletion protection|snapshots|backtracking"
        r"|Dead Letter|master node",
    ),
    ("encryption", r"[Ee]ncrypt|TLS|SSL|secure"),
    ("password rules", r"password"),
    ("versions", r"version|upgrade"),
)
"""Words for the checks that nothing in the review means, by what their names hold."""
