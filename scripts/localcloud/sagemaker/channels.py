"""Input data: which objects of a channel go to which file, and their download."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import botocore.exceptions

from scripts.localcloud.clients import CONNECTIONS
from scripts.localcloud.sagemaker import s3paths

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CHUNK = 1 << 20


class DownloadError(Exception):
    """An input that cannot be laid out as files; its text becomes the job's FailureReason."""


@dataclass(frozen=True)
class Source:
    """An object and the path below the channel's folder that it gets."""

    bucket: str
    key: str
    path: str


def sources(s3: "S3Client", channel: Mapping[str, Any], host: int, hosts: int) -> list[Source]:
    """The objects that one host gets.

    Args:
        s3: a client that may list and read them.
        channel: a member of InputDataConfig.
        host: this host's place, from 0.
        hosts: how many there are.
    """
    data = channel["DataSource"]["S3DataSource"]
    bucket, key = s3paths.split(data["S3Uri"])
    if data["S3DataType"] == "ManifestFile":
        manifest = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        found = manifest_sources(manifest)
    else:
        found = [Source(bucket, name, prefix_path(key, name)) for name in _keys(s3, bucket, key)]
    return share(found, data.get("S3DataDistributionType", "FullyReplicated"), host, hosts)


def prefix_path(prefix: str, key: str) -> str:
    """Where an object under a prefix goes: what follows the prefix, or the object's own name.

    A prefix without its closing slash also takes ``training2/x`` along with ``training/x``: that keeps its folder.
    """
    rest = key[len(prefix) :]
    if prefix.endswith("/") or not prefix:
        return rest
    if rest.startswith("/"):
        return rest[1:]
    return key[prefix.rfind("/") + 1 :]


def manifest_sources(manifest: Sequence[Any]) -> list[Source]:
    """The objects of a manifest: ``[{"prefix": "s3://bucket/some/"}, "a", "b/c"]``.

    Raises:
        DownloadError: it has another form.
    """
    match manifest:
        case [{"prefix": str() as prefix}, *paths] if all(isinstance(path, str) for path in paths):
            bucket, start = s3paths.split(prefix)
            return [Source(bucket, start + path, path.lstrip("/")) for path in paths]
    raise DownloadError('A manifest is a JSON list: {"prefix": "s3://…"}, then the names that follow the prefix.')


def share(found: list[Source], distribution: str, host: int, hosts: int) -> list[Source]:
    """A host's part: everything, or with ShardedByS3Key every ``hosts``-th object."""
    return found[host::hosts] if distribution == "ShardedByS3Key" else found


def download(s3: "S3Client", found: Sequence[Source], folder: Path, cancelled: Callable[[], bool]) -> None:
    """Write objects as files below ``folder``; stops between two of them once ``cancelled()``.

    Raises:
        DownloadError: an object that is gone, or a path that a file system cannot hold.
    """
    folder.mkdir(parents=True, exist_ok=True)
    places = [(source, place(folder, source.path)) for source in found]

    def fetch(item: tuple[Source, Path]) -> None:
        if not cancelled():
            _fetch(s3, *item)

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for _ in pool.map(fetch, places):
            pass


def place(folder: Path, path: str) -> Path:
    """The file that ``path`` means below ``folder``.

    Raises:
        DownloadError: it would leave the folder.
    """
    parts = PurePosixPath(path).parts
    if ".." in parts or path.startswith("/"):
        raise DownloadError(f"The object's name {path!r} would leave the channel's folder.")
    return folder.joinpath(*parts)


def _fetch(s3: "S3Client", source: Source, file: Path) -> None:
    try:
        if source.path.endswith("/") or not source.path:
            file.mkdir(parents=True, exist_ok=True)  # The empty object that consoles make for a folder.
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        body = s3.get_object(Bucket=source.bucket, Key=source.key)["Body"]
        with file.open("wb") as target:
            for chunk in body.iter_chunks(CHUNK):
                target.write(chunk)
    except botocore.exceptions.ClientError as error:
        raise DownloadError(f"s3://{source.bucket}/{source.key}: {error}") from error
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise DownloadError(f"s3://{source.bucket}/{source.key} would be a file and a folder at once.") from None


def _keys(s3: "S3Client", bucket: str, prefix: str) -> Iterator[str]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", []):
            yield entry["Key"]
