"""Downloads a model that SageMaker wrote without an archive: one object for each file, below one prefix.

That is what the job's OutputDataConfig asks for with the CompressionType NONE. The names come from a job's program, so
each is checked before anything is written, by the same rules as the members of an archive.
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_OutputDataConfig.html
"""

import os
import tarfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from scripts.core import aws, progress
from scripts.core.errors import UserError
from scripts.core.printable import visible
from scripts.runs.archive import MOST_MEMBERS
from scripts.runs.unpacking import IMPOSSIBLE_NAME, Content, RefusedMemberError, check_space, read_content


def is_loose(job: Mapping[str, Any]) -> bool:
    """Whether a job's results are single objects; ``job`` is its DescribeTrainingJob response."""
    return bool(job.get("OutputDataConfig", {}).get("CompressionType") == "NONE")


def list_files(s3: Any, uri: str) -> dict[str, int]:
    """The names and sizes of the objects below a prefix, as many as a model may have and one more.

    Args:
        s3: the client.
        uri: ``s3://bucket/prefix/``.
    """
    bucket, prefix = aws.split_uri(uri)
    found: dict[str, int] = {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        found |= {entry["Key"].removeprefix(prefix): entry["Size"] for entry in page.get("Contents", [])}
        if len(found) > MOST_MEMBERS:
            break
    found.pop("", None)  # S3's console makes such an empty object for a folder
    return found


def download(s3: Any, uri: str, found: Mapping[str, int], folder: Path) -> None:
    """Download the objects below a prefix as files into the new folder ``folder``.

    Args:
        s3: the client.
        uri: ``s3://bucket/prefix/``.
        found: the objects, from `list_files`.
        folder: the new folder; its parent is a temporary folder in the run's.

    Raises:
        UserError: a name cannot be that of a file, there are too many, or the disk has no room for all.
    """
    try:
        content = check_names(found)
        check_space(sum(found.values()), folder.parent.parent, f"{uri} --recursive")
        for path in ("", *content.folders):
            (folder / path).mkdir(parents=True, exist_ok=True)
        _fetch(s3, uri, {name: size for name, size in found.items() if not name.endswith("/")}, folder)
    except RefusedMemberError as error:
        raise _refused(str(error).replace("its member", "its object"), uri) from None
    except OSError as error:
        if error.errno not in IMPOSSIBLE_NAME or error.filename is None:
            raise
        name = visible(os.path.relpath(error.filename, folder))
        raise _refused(f"its object {name!r} cannot be on this disk: {error.strerror}", uri) from None


def check_names(found: Mapping[str, int]) -> Content:
    """Check the names of the objects, as those of an archive's members.

    Raises:
        RefusedMemberError: one leads out of the folder, is too long, names a folder and a file, or there are too many.
    """
    if len(found) > MOST_MEMBERS:
        raise RefusedMemberError(next(iter(found)), f"is one of more than {MOST_MEMBERS:,}")
    for name in found:
        if name.rstrip("/") != str(PurePosixPath(name)):  # "a//b" would be written over "a/b"
            raise RefusedMemberError(name, "is not written as the path of a file")
    return read_content(map(_as_member, found.items()))


def _as_member(item: tuple[str, int]) -> tarfile.TarInfo:
    name, size = item
    member = tarfile.TarInfo(name)
    member.size = size
    if name.endswith("/") and size == 0:
        member.type = tarfile.DIRTYPE
    return member


def _fetch(s3: Any, uri: str, files: Mapping[str, int], folder: Path) -> None:
    from boto3.s3.transfer import ProgressCallbackInvoker, TransferConfig, create_transfer_manager

    bucket, prefix = aws.split_uri(uri)
    with (
        progress.transfer("Downloading the model", len(files), sum(files.values())) as shown,
        create_transfer_manager(s3, TransferConfig()) as manager,
    ):
        moved = [ProgressCallbackInvoker(shown.moved)]
        futures = [manager.download(bucket, f"{prefix}{name}", str(folder / name), None, moved) for name in files]
        for future in futures:
            future.result()
            shown.finished()


def _refused(problem: str, uri: str) -> UserError:
    return UserError(
        f"The model was not downloaded: {problem}.",
        f"Make the program write plain files to SM_MODEL_DIR; `aws s3 cp --recursive {uri} FOLDER` downloads them.",
    )
