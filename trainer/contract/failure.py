"""The failure file: why a job failed, as SageMaker shows it in FailureReason.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-output.html
"""

import sys
import traceback
from collections.abc import Callable

from trainer.contract.errors import JobError
from trainer.contract.folders import Folders

# SageMaker shows this many characters of the failure file as FailureReason.
FAILURE_CHARACTERS = 1024


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
        write_failure(folders, failure_text(error))
    return 1


def write_failure(folders: Folders, reason: str) -> None:
    """Write the failure file. If that fails, print a warning: the reason is in the log too."""
    try:
        folders.output.mkdir(parents=True, exist_ok=True)
        (folders.output / "failure").write_text(reason, encoding="utf-8", errors="replace")
    except OSError as error:
        print(f"warning: cannot write the failure file: {error}", file=sys.stderr, flush=True)


def failure_text(error: BaseException) -> str:
    """Return an exception in at most FAILURE_CHARACTERS: its message, then its traceback, innermost call first."""
    reason = "".join(traceback.format_exception_only(error)).strip()
    calls = [
        f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
    ]
    return "\n".join([reason[: FAILURE_CHARACTERS - 300], *reversed(calls)])[:FAILURE_CHARACTERS]
