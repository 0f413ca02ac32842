"""Looks at the buckets that a stack was given: Terraform changes nothing about them, so you learn what they lack."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from scripts.core import aws
from scripts.core.console import listed

VERSIONED = ("data", "models")
"""The purposes whose overwritten and deleted objects should be restorable."""
NOT_SET = {"NoSuchPublicAccessBlockConfiguration", "NoSuchBucketPolicy", "NoSuchBucket"}


def notes(buckets: Mapping[str, str]) -> list[str]:
    """A line for each bucket that lacks something.

    Args:
        buckets: the names of the given buckets, by purpose: data, models, checkpoints.
    """
    found = {name: lacks(_settings(name), purpose in VERSIONED) for purpose, name in buckets.items()}
    return [
        f"Note: the bucket {name}, which the stack was given, {listed(missing, most=len(missing))}."
        for name, missing in found.items()
        if missing
    ]


def lacks(settings: Mapping[str, Any], is_versioned: bool) -> list[str]:
    """What a bucket lacks, each as the predicate of a sentence. Pure.

    Args:
        settings: `versioning`, `public` and `policy`, as S3 answers; one that is missing is not known.
        is_versioned: whether it should keep versions.
    """
    found = []
    if is_versioned and "versioning" in settings and settings["versioning"].get("Status") != "Enabled":
        found.append("keeps no versions")
    if "public" in settings and not (settings["public"] and all(settings["public"].values())):
        found.append("does not block public access")
    if "policy" in settings and not _refuses_plain_http(settings["policy"]):
        found.append("accepts requests without TLS")
    return found


def _refuses_plain_http(policy: str) -> bool:
    statements = json.loads(policy)["Statement"] if policy else []
    listed_statements = [statements] if isinstance(statements, dict) else statements
    conditions = (each.get("Condition", {}) for each in listed_statements if each.get("Effect") == "Deny")
    return any(each.get("Bool", {}).get("aws:SecureTransport") in ("false", ["false"], False) for each in conditions)


def _settings(bucket: str) -> dict[str, Any]:
    """What S3 says about a bucket; without the right to look at a setting, it is missing."""
    s3 = aws.client("s3")
    readers: dict[str, tuple[Callable[..., Any], str, Any]] = {
        "versioning": (s3.get_bucket_versioning, "", {}),
        "public": (s3.get_public_access_block, "PublicAccessBlockConfiguration", {}),
        "policy": (s3.get_bucket_policy, "Policy", ""),
    }
    found = {}
    for name, (read, member, empty) in readers.items():
        try:
            answer = read(Bucket=bucket)
        except s3.exceptions.ClientError as error:
            if aws.error_code(error) in NOT_SET:
                found[name] = empty
            elif not aws.is_access_denied(error):
                raise
        else:
            found[name] = answer[member] if member else answer
    return found
