"""Judges whether a job left something: a model archive may exist and hold no file.

SageMaker makes model.tar.gz from what all hosts leave in SM_MODEL_DIR, also if that is nothing. So the archive decides,
never a single host. A job may also leave only results in SM_OUTPUT_DATA_DIR, which become output.tar.gz beside it.
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-output.html
"""

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
            fix = f"`aws s3 cp {output} .` downloads them. A model must be in SM_MODEL_DIR when the program ends."
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
        if not aws.is_access_denied(error):
            raise
        console.say(f"Not checked (no right to {aws.action_of(error)}): whether the job left other results in {uri}.")
        return False
    with body:
        return holds_files(body)
