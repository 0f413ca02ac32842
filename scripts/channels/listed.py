"""Manifests: JSON lists in S3 that name a channel's objects one by one.

``[{"prefix": "s3://bucket/some/"}, "a", "b/c"]`` names the two objects s3://bucket/some/a and s3://bucket/some/b/c.
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3DataSource.html
"""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from scripts.channels.remote import list_objects, manifest_key
from scripts.core import aws
from scripts.core.errors import UserError

FORM = 'A manifest is a JSON list: first {"prefix": "s3://…"}, then the paths below that prefix.'


@dataclass(frozen=True)
class Manifest:
    """A manifest.

    Args:
        prefix: the URI before every path.
        paths: what follows it in the URI of each object.
    """

    prefix: str
    paths: tuple[str, ...]

    @property
    def place(self) -> tuple[str, str]:
        """Bucket and prefix of its objects."""
        return aws.split_uri(self.prefix)

    @property
    def body(self) -> bytes:
        """Its content in S3."""
        return json.dumps([{"prefix": self.prefix}, *self.paths], ensure_ascii=False).encode()

    def key(self, spec: str, channel: str) -> str:
        """Its key in the data bucket: another one for each content, so a job that runs keeps its own.

        Args:
            spec: the job file's name.
            channel: the channel's name.
        """
        return manifest_key(spec, channel, hashlib.sha256(self.body).hexdigest()[:12])


def parse(text: str | bytes, uri: str) -> Manifest:
    """Read a manifest.

    Args:
        text: its content.
        uri: where it is, for the message.

    Raises:
        UserError: it has another form, or names nothing.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    match content:
        case [{"prefix": str() as prefix}, str(), *_] if all(isinstance(path, str) for path in content[1:]):
            if prefix.startswith("s3://") and prefix != "s3://":
                return Manifest(prefix, tuple(content[1:]))
    raise UserError(f"{uri} is not a manifest with at least one object.", FORM)


def read(s3: Any, uri: str) -> Manifest:
    """Read a manifest in S3.

    Raises:
        UserError: it does not exist, has another form, or names nothing.
    """
    bucket, key = aws.split_uri(uri)
    try:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"]
    except s3.exceptions.NoSuchKey:
        fix = "Upload it, or name another one in the job file."
        raise UserError(f"The manifest {uri} does not exist.", fix) from None
    with body:
        return parse(body.read(), uri)


def check_exists(s3: Any, manifest: Manifest, where: str) -> None:
    """Check that all objects of a manifest exist.

    Args:
        s3: the client.
        manifest: the manifest.
        where: what names the objects, for the message.

    Raises:
        UserError: one does not.
    """
    bucket, prefix = manifest.place
    missing = missing_paths(manifest.paths, {found.key for found in list_objects(s3, bucket, prefix)})
    if missing:
        more = f", nor do {len(missing) - 1} more" if len(missing) > 1 else ""
        raise UserError(
            f"{where} names {missing[0]!r}, and s3://{bucket}/{prefix}{missing[0]} does not exist{more}.",
            "Correct the list, or upload the object.",
        )


def missing_paths(paths: Sequence[str], found: Collection[str]) -> list[str]:
    """Those of a manifest's paths that are not among the keys below its prefix."""
    return [path for path in paths if path not in found]


def path_problem(path: str) -> str | None:
    """Why a path cannot name an object below a folder, as a clause; None if it can."""
    if path != str(PurePosixPath(path)) or path == ".":
        return "is not written as a path, such as a/b.png"
    if path.startswith("/") or ".." in PurePosixPath(path).parts:
        return "leads out of the folder"
    return None
