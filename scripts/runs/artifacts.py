"""Downloads a job's model: gets model.tar.gz, checks every member, unpacks it, and then renames the folder."""

import errno
import shutil
import tarfile
import time
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from scripts.core import aws, console, progress
from scripts.core.errors import UserError
from scripts.runs import results, scratch
from scripts.runs.record import FOLDER, Record, create_run_folder, describe, has_model, model_folder, save_record

PAUSE = 1.0


def download_model(sagemaker: Any, job: str) -> tuple[Record, bool]:
    """Download and unpack a job's model into runs/<job>/model, unless it is there.

    Returns:
        The run's updated record, and whether the model was there before.

    Raises:
        EmptyModelError: the job's archive holds no file.
        UserError: the job has no model (yet), or its archive is broken or unsafe to unpack.
    """
    scratch.remove_leftovers(FOLDER)
    described = _wait_while_stopping(sagemaker, job)
    if has_model(job):
        return save_record(described), True
    uri = _model_uri(described)
    # In the same folder as the final one, so that the last step is one rename. It is deleted in any case.
    with scratch.temporary_folder(create_run_folder(job)) as folder:
        archive = folder / "model.tar.gz"
        _download(uri, archive)
        results.check_model(archive, uri, job)
        unpack(archive, folder / "model")
        existed = not _rename(folder / "model", model_folder(job))
    return save_record(described), existed


def _rename(unpacked: Path, model: Path) -> bool:
    """Give the unpacked folder its final name; False if another command has finished the same download first."""
    try:
        unpacked.rename(model)
    except OSError as error:
        if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
            raise
        return False
    return True


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a .tar.gz into the new folder ``folder``.

    Only files and folders inside ``folder`` are accepted: no absolute path, no ``..``, no link, no device.

    Raises:
        UserError: a member is not accepted, or the archive is broken. In that case ``folder`` does not exist.
    """
    try:
        with tarfile.open(archive, "r:gz") as tar:
            members = tar.getmembers()
            for member in members:
                _check_member(member)
            folder.mkdir()
            # The filter is Python's own additional check. Versions before 3.11.4 do not have it.
            options: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
            tar.extractall(folder, members, **options)  # noqa: S202 -- every member was checked
            # tarfile accepts a stream that ends early between two members. Reading to the end of the gzip finds that.
            while tar.fileobj is not None and tar.fileobj.read(1 << 20):
                pass
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError) and error.errno is not None:  # an error of the disk, not of the archive
            raise
        raise UserError(
            f"The model's archive cannot be read: {error}.",
            "Run the same command again. If the error stays, run the job again.",
        ) from error


def _wait_while_stopping(sagemaker: Any, job: str) -> dict[str, Any]:
    """Describe the job. If it is stopping, wait until it has stopped: its model comes within minutes."""
    described = describe(sagemaker, job)
    if described["TrainingJobStatus"] == "Stopping":
        console.say(f"{job} is stopping; waiting for its model …")
    while described["TrainingJobStatus"] == "Stopping":
        time.sleep(PAUSE)
        described = describe(sagemaker, job)
    return described


def _check_member(member: tarfile.TarInfo) -> None:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts:
        reason = "leads out of the folder"
    elif not (member.isfile() or member.isdir()):
        reason = "is neither a file nor a folder"
    else:
        return
    raise UserError(
        f"The model's archive was not unpacked: its member {member.name!r} {reason}.",
        "Make the program write plain files to SM_MODEL_DIR; `aws s3 cp` downloads the archive itself.",
    )


def _model_uri(job: Mapping[str, Any]) -> str:
    uri: str | None = job.get("ModelArtifacts", {}).get("S3ModelArtifacts")
    if uri:
        return uri
    name, status = job["TrainingJobName"], job["TrainingJobStatus"]
    if status == "InProgress":
        raise UserError(
            f"The job {name} is {status}: it has no model yet.", f"Wait until it ends: `make logs RUN={name}`."
        )
    raise UserError(f"The job {name} is {status} and left no model.", f"Its log says why: `make logs RUN={name}`.")


def _download(uri: str, path: Path) -> None:
    bucket, key = aws.split_uri(uri)
    s3 = aws.client("s3")
    try:
        size = s3.head_object(Bucket=bucket, Key=key)["ContentLength"]
    except s3.exceptions.ClientError as error:
        if aws.error_code(error) not in {"404", "NoSuchKey", "NoSuchBucket"}:
            raise
        raise UserError(
            f"The job's model is no longer at {uri}.",
            "Check whether the bucket keeps an older version, or run the job again.",
        ) from None
    with progress.transfer("Downloading the model", 1, size) as shown:
        s3.download_file(bucket, key, str(path), Callback=shown.moved)
        shown.finished()
