"""Which jobs run, on disk: so that the next local cloud ends what one that was killed has left behind.

A process is known by its number and the time of its start; a number that was given again is left alone.
"""

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from scripts.localcloud.sagemaker import leftovers
from scripts.localcloud.sagemaker.layout import remove

_PROC = Path("/proc")
END_SECONDS = 10
POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Entry:
    """A job that has not ended, and its program once it has one."""

    job: str
    pid: int | None = None
    started: str | None = None


class Journal:
    """Says which jobs run.

    Args:
        folder: holds a file for each of them; it is made when there is one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, job: str, pid: int | None = None) -> None:
        """Note a job that runs, with the process of its program where there is one."""
        self._folder.mkdir(exist_ok=True)
        entry = Entry(job, pid, process_start(pid) if pid else None)
        partial = self._folder / f".{job}"
        partial.write_text(json.dumps(asdict(entry)))
        partial.replace(self._folder / job)

    def forget(self, job: str) -> None:
        """Take out a job that has ended."""
        (self._folder / job).unlink(missing_ok=True)

    def entries(self) -> list[Entry]:
        """The jobs that have not ended; called before anything is written."""
        found = []
        for file in sorted(self._folder.glob("[!.]*")):
            with suppress(ValueError, TypeError):  # Cut off by a full disk: there is nothing to learn from it.
                found.append(Entry(**json.loads(file.read_text())))
        return found


def clean_up(journal: Journal, jobs: Path) -> list[str]:
    """End the programs that a killed local cloud has left, and take their folders away.

    Args:
        journal: the killed one's.
        jobs: the folder of its jobs' folders, in its own.

    Returns:
        A line for each job that it was running.
    """
    lines = []
    contained = leftovers.remove(jobs.parent)
    for entry in journal.entries():
        ended = entry.pid is not None and _end(entry.pid, entry.started, jobs / entry.job)
        left = f" Its process {entry.pid} still ran and was ended." if ended else ""
        if entry.job in contained:
            left = " Its containers were still there and were removed."
        lines.append(f"Training job {entry.job} was running when the local cloud was killed; it is lost.{left}")
        remove(jobs / entry.job)
    return lines


def process_start(pid: int) -> str | None:
    """When a process began, in whatever form the system has; None where there is none (any more)."""
    if _PROC.joinpath("self").exists():
        stat = _stat(pid)
        return None if stat is None or stat[0] == "Z" else stat[19]
    ended = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return ended.stdout.strip() or None


def _end(pid: int, started: str | None, folder: Path) -> bool:
    """Kill a program and all of its process group, and wait for their end; whether there was anything to kill."""
    found = {pid} if started is not None and process_start(pid) == started else set()
    found |= _orphans(pid, folder)
    deadline = time.monotonic() + END_SECONDS
    starts = {number: process_start(number) for number in found}
    for number in found:
        with suppress(ProcessLookupError):
            (os.killpg if number == pid else os.kill)(number, signal.SIGKILL)
    while any(start and process_start(number) == start for number, start in starts.items()):
        if time.monotonic() > deadline:
            break
        time.sleep(POLL_SECONDS)
    return bool(found)


def _orphans(group: int, folder: Path) -> set[int]:
    """What a program that has ended itself has left in its group: known by the job's folder in its environment."""
    mark = f"SAGEMAKER_BASE_DIR={folder}{os.sep}".encode()
    found = set()
    for place in _PROC.glob("[0-9]*"):
        stat = _stat(int(place.name))
        if stat is None or stat[2] != str(group):
            continue
        with suppress(OSError):
            if any(variable.startswith(mark) for variable in (place / "environ").read_bytes().split(b"\0")):
                found.add(int(place.name))
    return found


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the state on: state, parent, group, … (proc(5))."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
