"""Downloads a job's model: gets model.tar.gz and has it unpacked, or its single files; then renames the folder."""

import errno
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scripts.core import aws, console, progress
from scripts.core.errors import UserError
from scripts.runs import loose, results, scratch
from scripts.runs.record import FOLDER, Record, create_run_folder, describe, has_model, model_folder, save_record
from scripts.runs.unpacking import check_space, unpack

PAUSE = 1.0


def download_model(sagemaker: Any, job: str) -> tuple[Record, bool]:
    """Download and unpack a job's model into runs/<job>/model, unless it is there.

    Returns:
        The run's updated record, and whether the model was there before.

    Raises:
        EmptyModelError: the job left no file.
        UserError: the job has no model (yet), or its archive is broken, or it is unsafe to unpack or to write.
    """
    scratch.remove_leftovers(FOLDER)
    described = _wait_while_stopping(sagemaker, job)
    if has_model(job):
        return save_record(described), True
    uri = _model_uri(described)
    # In the same folder as the final one, so that the last step is one rename. It is deleted in any case.
    with scratch.temporary_folder(create_run_folder(job)) as folder:
        if loose.is_loose(described):
            _download_files(f"{uri.rstrip('/')}/", folder / "model", job)
        else:
            archive = folder / "model.tar.gz"
            _download(uri, archive)
            results.check_model(archive, uri, job)
            unpack(archive, folder / "model", uri)
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


def _wait_while_stopping(sagemaker: Any, job: str) -> dict[str, Any]:
    """Describe the job. If it is stopping, wait until it has stopped: its model comes within minutes."""
    described = describe(sagemaker, job)
    if described["TrainingJobStatus"] == "Stopping":
        console.say(f"{job} is stopping; waiting for its model …")
    while described["TrainingJobStatus"] == "Stopping":
        time.sleep(PAUSE)
        described = describe(sagemaker, job)
    return described


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


def _download_files(uri: str, folder: Path, job: str) -> None:
    s3 = aws.client("s3")
    found = loose.list_files(s3, uri)
    results.check_files(found, uri, job)
    loose.download(s3, uri, found, folder)


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
            f"`aws s3api list-object-versions --bucket {bucket} --prefix {key}` lists its older versions.",
        ) from None
    check_space(size, path.parent.parent, uri)
    from boto3.s3.transfer import S3Transfer

    with progress.transfer("Downloading the model", 1, size) as shown, S3Transfer(s3) as transfers:
        transfers.download_file(bucket, key, str(path), callback=shown.moved)
        shown.finished()
