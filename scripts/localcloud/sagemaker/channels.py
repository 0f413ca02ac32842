"""Downloads input data: decides which file each object of a channel becomes, and fetches the objects."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import botocore.exceptions

from scripts.localcloud.sagemaker import s3paths

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Reader = Callable[[str, str], Iterable[bytes]]
"""Returns the bytes of an object, by its bucket and key."""


class DownloadError(Exception):
    """Input that cannot be stored as files; the text becomes the job's FailureReason."""


@dataclass(frozen=True)
class Source:
    """An object and its path below the channel's folder."""

    bucket: str
    key: str
    path: str


def sources(s3: "S3Client", channel: Mapping[str, Any], host: int, hosts: int) -> list[Source]:
    """Return the objects that a host gets.

    Args:
        s3: a client that may list and read them.
        channel: an element of InputDataConfig.
        host: this host's number, from 0.
        hosts: the number of hosts.
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
    """Return an object's path in the channel: the part of its key after the prefix.

    If the key equals the prefix, the path is the last part of the key. A prefix without a final slash, such as
    ``training``, also matches ``training2/x``; that path keeps its folder.
    """
    rest = key[len(prefix) :]
    if prefix.endswith("/") or not prefix:
        return rest
    if rest.startswith("/"):
        return rest[1:]
    return key[prefix.rfind("/") + 1 :]


def manifest_sources(manifest: Sequence[Any]) -> list[Source]:
    """Return the objects of a manifest, such as ``[{"prefix": "s3://bucket/some/"}, "a", "b/c"]``.

    Raises:
        DownloadError: the manifest has another form.
    """
    match manifest:
        case [{"prefix": str() as prefix}, *paths] if all(isinstance(path, str) for path in paths):
            bucket, start = s3paths.split(prefix)
            return [Source(bucket, start + path, path.lstrip("/")) for path in paths]
    raise DownloadError('A manifest is a JSON list: first {"prefix": "s3://…"}, then the paths below that prefix.')


def share(found: list[Source], distribution: str, host: int, hosts: int) -> list[Source]:
    """Return a host's part of the objects: all of them, or with ShardedByS3Key every ``hosts``-th one."""
    return found[host::hosts] if distribution == "ShardedByS3Key" else found


def download(read: Reader, found: Sequence[Source], folder: Path, cancelled: Callable[[], bool]) -> None:
    """Download objects to files below ``folder``. Skip the remaining ones once ``cancelled()`` is true.

    Raises:
        DownloadError: an object cannot be read, or its path cannot be a file here.
    """
    folder.mkdir(parents=True, exist_ok=True)
    targets = [(source, safe_path(folder, source.path)) for source in found]
    for source, file in targets:
        if cancelled():
            return
        _fetch(read, source, file)


def safe_path(folder: Path, path: str) -> Path:
    """Return the file for ``path`` below ``folder``.

    Raises:
        DownloadError: the path would leave the folder.
    """
    parts = PurePosixPath(path).parts
    if ".." in parts or path.startswith("/"):
        raise DownloadError(f"The object's name {path!r} would leave the channel's folder.")
    return folder.joinpath(*parts)


def _fetch(read: Reader, source: Source, file: Path) -> None:
    try:
        if source.path.endswith("/") or not source.path:
            file.mkdir(parents=True, exist_ok=True)  # S3's console makes such an empty object for a folder.
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        chunks = read(source.bucket, source.key)
        with file.open("wb") as target:
            target.writelines(chunks)
    except botocore.exceptions.ClientError as error:
        raise DownloadError(f"s3://{source.bucket}/{source.key}: {error}") from error
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise DownloadError(f"s3://{source.bucket}/{source.key} would be both a file and a folder.") from None
    except (OSError, ValueError) as error:  # A name of 256 characters, a NUL in it, a full disk.
        reason = error.strerror if isinstance(error, OSError) else error
        raise DownloadError(f"s3://{source.bucket}/{source.key} cannot be a file here: {reason}.") from None


def _keys(s3: "S3Client", bucket: str, prefix: str) -> Iterator[str]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", []):
            yield entry["Key"]
