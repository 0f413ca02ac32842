"""The failure file: why a job failed, as SageMaker shows it in FailureReason.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-output.html
"""

import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from trainer.contract.folders import Folders
from trainer.contract.start_program import failure_text
from trainyard.errors import JobError


def run_guarded(work: Callable[[], int], folders: Folders) -> int:
    """Run ``work``; if it raises, write the reason to the failure file.

    Returns:
        The result of ``work``, or 1 if it raised.
    """
    try:
        return work()
    except JobError as error:
        print(f"Error: {error}", file=sys.stderr, flush=True)
        write_failure(folders, str(error))
    except Exception as error:
        traceback.print_exc()
        write_failure(folders, failure_text(error, error.__traceback__))
    return 1


def failure_file(folders: Folders) -> Path:
    """The file that SageMaker reads; it exists only after a failure."""
    return folders.output / "failure"


def write_failure(folders: Folders, reason: str) -> None:
    """Write the failure file. If that fails, print a warning: the reason is in the log too."""
    try:
        folders.output.mkdir(parents=True, exist_ok=True)
        failure_file(folders).write_text(reason, encoding="utf-8", errors="replace")
    except OSError as error:
        print(f"warning: cannot write the failure file: {error}", file=sys.stderr, flush=True)
