"""Settings that decide whether a service encrypts what it stores."""

from collections.abc import Iterator
from typing import Any

from ..resources import Resource
from .table import AWS, HIGH, LOW, MEDIUM, SETTINGS, Setting, off, on, one_of, register

_LATER = "Whoever gets a copy or a backup reads it, and you cannot switch encryption on later without a copy."


def _cache_in_clear(value: Any, resource: Resource) -> bool:
    """Whether a cache is not encrypted: the default of Redis, not of Valkey."""
    return off(value, resource) or (value is None and resource.text("engine") != "valkey")


register((
    Setting(
        ("aws_redshift_cluster",), "encrypted", off, "redshift-not-encrypted", HIGH,
        "The Redshift cluster stores its data in clear.",
        "Whoever gets one of its snapshots reads all of it.", "Set `encrypted = true`.",
        f"{AWS}/redshift/latest/mgmt/working-with-db-encryption.html",
    ),
    Setting(
        ("aws_kinesis_stream",), "encryption_type", one_of("NONE"), "stream-not-encrypted", MEDIUM,
        "The Kinesis stream stores its records in clear.", "They hold what your programs send, often about people.",
        "Set `encryption_type = \"KMS\"` and `kms_key_id = \"alias/aws/kinesis\"`.",
        f"{AWS}/streams/latest/dev/server-side-encryption.html",
    ),
    Setting(
        ("aws_elasticache_replication_group",), "at_rest_encryption_enabled", _cache_in_clear, "cache-not-encrypted",
        MEDIUM, "The ElastiCache cluster stores its data in clear.", _LATER,
        "Set `at_rest_encryption_enabled = true`.",
        f"{AWS}/AmazonElastiCache/latest/dg/at-rest-encryption.html",
    ),
    *(
        Setting(
            ("aws_codebuild_project",), path, on, rule, LOW, f"The CodeBuild project asks S3 not to encrypt {what}.",
            "The project's key then no longer limits who reads them.", "Remove `encryption_disabled`.",
            f"{AWS}/codebuild/latest/userguide/security-encryption.html",
        )
        for path, rule, what in (
            ("artifacts.encryption_disabled", "build-artifacts-in-clear", "artifacts"),
            ("logs_config.s3_logs.encryption_disabled", "build-logs-in-clear", "logs"),
        )
    ),
))  # fmt: skip


@SETTINGS.state(
    ("aws_opensearch_domain", "aws_elasticsearch_domain"),
    "search-not-encrypted",
    HIGH,
    "A search domain stores its data in clear",
    why="Whoever gets one of its snapshots or disks reads every index.",
    fix="Add `encrypt_at_rest { enabled = true }`.",
    page=f"{AWS}/opensearch-service/latest/developerguide/encryption-at-rest.html",
)
def search_not_encrypted(resource: Resource) -> Iterator[str]:
    """Reports encryption that is off or unset."""
    if not resource.block("encrypt_at_rest").is_on("enabled"):
        yield "The search domain stores its data in clear."


@SETTINGS.state(
    ("aws_dax_cluster",),
    "dax-not-encrypted",
    MEDIUM,
    "A DAX cluster stores its data in clear",
    why=_LATER,
    fix="Add `server_side_encryption { enabled = true }`.",
    page=f"{AWS}/amazondynamodb/latest/developerguide/DAXEncryptionAtRest.html",
)
def dax_not_encrypted(resource: Resource) -> Iterator[str]:
    """Reports encryption that is off or unset."""
    if not resource.block("server_side_encryption").is_on("enabled"):
        yield "The DAX cluster stores its data in clear."
