"""Runs ``python PROGRAM ARGUMENT …``, or a shell script, and writes why it failed to the failure file.

    python start_program.py FAILURE-FILE PROGRAM [ARGUMENT …]
    python start_program.py FAILURE-FILE -m MODULE [ARGUMENT …]

This file is a process of its own and imports nothing but the standard library: a module of the program may have any
name, also `trainer`. If the parent process dies, this one is killed: else it would go on without a job.
"""

import ctypes
import os
import runpy
import signal
import sys
import traceback
from pathlib import Path
from types import TracebackType

# SageMaker shows this many characters of the failure file as FailureReason.
FAILURE_CHARACTERS = 1024
PR_SET_PDEATHSIG = 1


def main() -> None:
    """Run the program; its exception, or the text that it gave to sys.exit, becomes the failure file."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    failure, program = sys.argv[1:3]
    if program.endswith(".sh"):
        os.execv("/bin/sh", ["/bin/sh", *sys.argv[2:]])  # noqa: S606 - a shell is meant; the script need not be executable
    is_module = program == "-m"
    sys.argv = sys.argv[3 if is_module else 2 :]
    # In place of the folder of this file; the folder of the code is in PYTHONPATH, and it is the working folder.
    sys.path[0] = str(Path.cwd() if is_module else Path(program).parent)
    try:
        if is_module:
            runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(program, run_name="__main__")
    except SystemExit as ending:
        if isinstance(ending.code, str) or (ending.code and not isinstance(ending.code, int)):
            _write(Path(failure), str(ending.code))
        raise
    except BaseException as error:
        frames = _own_frames(error.__traceback__)
        traceback.print_exception(type(error), error, frames)
        _write(Path(failure), failure_text(error, frames))
        sys.exit(1)


def failure_text(error: BaseException, frames: TracebackType | None) -> str:
    """Return an exception in at most FAILURE_CHARACTERS: its message, then its traceback, innermost call first."""
    reason = "".join(traceback.format_exception_only(error)).strip()
    calls = [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in traceback.extract_tb(frames)]
    return "\n".join([reason[: FAILURE_CHARACTERS - 300], *reversed(calls)])[:FAILURE_CHARACTERS]


def _own_frames(frames: TracebackType | None) -> TracebackType | None:
    """The program's part of a traceback: without this file and runpy, which started it."""
    while frames is not None and frames.tb_frame.f_code.co_filename in (__file__, runpy.__file__, "<frozen runpy>"):
        frames = frames.tb_next
    return frames


def _write(path: Path, reason: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(reason, encoding="utf-8", errors="replace")
    except OSError as error:
        print(f"warning: cannot write the failure file: {error}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
