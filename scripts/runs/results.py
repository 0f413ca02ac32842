"""Judges whether a job left something: a model archive may exist and hold no file.

SageMaker makes model.tar.gz from what all hosts leave in SM_MODEL_DIR, also if that is nothing. So the archive decides,
never a single host. A job may also leave only results in SM_OUTPUT_DATA_DIR, which become output.tar.gz beside it.
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-output.html
"""

from collections.abc import Collection
from pathlib import Path
from typing import Any, BinaryIO

from scripts.core import aws, console
from scripts.core.errors import UserError
from scripts.runs.archive import BROKEN, TarReader

OUTPUT = "output.tar.gz"


class EmptyModelError(UserError):
    """The job's model archive holds no file.

    Args:
        job: the job's name.
        output: the S3 URI of the job's other results; None if there are none.
    """

    def __init__(self, job: str, output: str | None) -> None:
        self.output = output
        if output:
            problem = f"{job} left no model: SM_MODEL_DIR was empty. It left other results: {output}."
            copy = "cp --recursive" if output.endswith("/") else "cp"
            fix = f"`aws s3 {copy} {output} .` downloads them. A model must be in SM_MODEL_DIR when the program ends."
        else:
            problem = f"{job} left nothing: SM_MODEL_DIR and SM_OUTPUT_DATA_DIR were empty when its program ended."
            fix = (
                f"The end of its log says where its program did write (`make logs RUN={job}`). "
                'Let it write to os.environ["SM_MODEL_DIR"]: docs/bring-your-own-script.md.'
            )
        super().__init__(problem, fix)


def check_model(archive: Path, uri: str, job: str) -> None:
    """Check that a downloaded model archive holds a file.

    Args:
        archive: the file.
        uri: where it came from; the archive of the other results is beside it.
        job: the job's name.

    Raises:
        EmptyModelError: it holds none.
    """
    with archive.open("rb") as file:
        if holds_files(file):
            return
    output = uri.rpartition("/")[0] + f"/{OUTPUT}"
    raise EmptyModelError(job, output if _has_results(output) else None)


def check_files(found: Collection[str], uri: str, job: str) -> None:
    """Check that a job left a model that is no archive.

    Args:
        found: the names of its objects.
        uri: their prefix; the other results are beside it.
        job: the job's name.

    Raises:
        EmptyModelError: there is none.
    """
    if any(not name.endswith("/") for name in found):
        return
    output = uri.rstrip("/").rpartition("/")[0] + "/data/"
    bucket, prefix = aws.split_uri(output)
    try:
        others = aws.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1).get("KeyCount")
    except Exception as error:
        _say_if_denied(error, output)
        others = 0
    raise EmptyModelError(job, output if others else None)


def holds_files(archive: BinaryIO) -> bool:
    """Whether a .tar.gz holds anything but folders. Of a long archive, only the beginning is read.

    A broken archive counts as one with files: whoever unpacks it reports what is wrong with it.
    """
    try:
        with TarReader(archive) as tar:
            return any(not member.isdir() for member in tar.members())
    except (*BROKEN, OSError):
        return True


def _has_results(uri: str) -> bool:
    bucket, key = aws.split_uri(uri)
    s3: Any = aws.client("s3")
    try:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"]
    except s3.exceptions.ClientError as error:
        if aws.error_code(error) in {"404", "NoSuchKey"}:
            return False
        _say_if_denied(error, uri)
        return False
    with body:
        return holds_files(body)


def _say_if_denied(error: Exception, uri: str) -> None:
    """Say that nobody looked for other results; raise any other error again."""
    if not aws.is_access_denied(error):
        raise error
    console.say(f"Not checked (no right to {aws.action_of(error)}): whether the job left other results in {uri}.")
