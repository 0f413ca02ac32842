"""Bring a job's model home: download model.tar.gz, look at every member, unpack, and only then give it its name."""

import shutil
import tarfile
import tempfile
import time
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from scripts.core import aws, console, progress
from scripts.core.errors import UserError
from scripts.runs.record import Record, describe, keep_record, make_folder, model_folder

PAUSE = 1.0


def fetch_model(sagemaker: Any, job: str) -> tuple[Record, bool]:
    """Download and unpack a job's model into runs/<job>/model, unless it is there.

    Returns:
        The run's record, written anew, and whether the model was there before.

    Raises:
        UserError: the job has no model (yet), or its archive is not one that may be unpacked.
    """
    folder = model_folder(job)
    described = _when_stopped(sagemaker, job)
    if folder.is_dir():
        return keep_record(described), True
    uri = _model_uri(described)
    run_folder = make_folder(job)
    # Beside its final place, so that the last step is one rename; gone again however this ends.
    with tempfile.TemporaryDirectory(prefix=".model-", dir=run_folder) as name:
        archive = Path(name) / "model.tar.gz"
        _download(uri, archive)
        unpack(archive, Path(name) / "model")
        (Path(name) / "model").rename(folder)
    return keep_record(described), False


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a .tar.gz into ``folder``, which is made.

    Only files and folders inside ``folder`` are accepted: no absolute path, no ``..``, no link, no device.

    Raises:
        UserError: a member is of another kind, or the archive is broken; ``folder`` does not exist then.
    """
    try:
        with tarfile.open(archive, "r:gz") as tar:
            members = tar.getmembers()
            for member in members:
                _accept(member)
            folder.mkdir()
            # The filter is Python's own second look; versions before 3.11.4 have none.
            second_look: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
            tar.extractall(folder, members, **second_look)  # noqa: S202 -- every member was looked at
            # tarfile takes a stream that breaks off between members for a whole one; gzip's own end tells.
            while tar.fileobj is not None and tar.fileobj.read(1 << 20):
                pass
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError) and error.errno is not None:  # a full disk is not the archive's fault
            raise
        raise UserError(
            f"The model's archive cannot be read: {error}.", "Run the same command again, or the job if it stays so."
        ) from error


def _when_stopped(sagemaker: Any, job: str) -> dict[str, Any]:
    """Describe the job; one that is stopping is awaited, for its model comes in minutes."""
    described = describe(sagemaker, job)
    if described["TrainingJobStatus"] == "Stopping":
        console.say(f"{job} is stopping; waiting for its model …")
    while described["TrainingJobStatus"] == "Stopping":
        time.sleep(PAUSE)
        described = describe(sagemaker, job)
    return described


def _accept(member: tarfile.TarInfo) -> None:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts:
        reason = "leads out of the folder"
    elif not (member.isfile() or member.isdir()):
        reason = "is neither a file nor a folder"
    else:
        return
    raise UserError(
        f"The model's archive was not unpacked: its member {member.name!r} {reason}.",
        "Have the program write plain files to SM_MODEL_DIR; `aws s3 cp` fetches the archive itself.",
    )


def _model_uri(job: Mapping[str, Any]) -> str:
    uri: str | None = job.get("ModelArtifacts", {}).get("S3ModelArtifacts")
    if uri:
        return uri
    name, status = job["TrainingJobName"], job["TrainingJobStatus"]
    if status == "InProgress":
        raise UserError(
            f"The job {name} is {status}: it has no model yet.", f"Wait for its end: `make logs RUN={name}`."
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
            f"The job's model is not at {uri} (any more).",
            "See whether the bucket keeps an older version, or run the job again.",
        ) from None
    with progress.transfer("Downloading the model", 1, size) as shown:
        s3.download_file(bucket, key, str(path), Callback=shown.moved)
        shown.finished()
