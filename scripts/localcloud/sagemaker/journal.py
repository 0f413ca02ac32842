"""Keeps on disk which jobs run, so that the next local cloud can end the programs of one that was killed.

A process is identified by its ID and its start time. If the system has reused the ID, the new process is not killed.
"""

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from scripts.localcloud.sagemaker import cleanup
from scripts.localcloud.sagemaker.removal import remove

_PROC = Path("/proc")
END_SECONDS = 10
POLL_SECONDS = 0.02


@dataclass(frozen=True)
class JournalEntry:
    """A training job that has not ended, and its process once it has started; or a tuning."""

    job: str
    pid: int | None = None
    started: str | None = None


class Journal:
    """The list of running jobs, on disk.

    Args:
        folder: contains a file for each job; it is created with the first.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, job: str, pid: int | None = None) -> None:
        """Add or replace a running job, with the process of its program if there is one."""
        self._folder.mkdir(exist_ok=True)
        entry = JournalEntry(job, pid, process_start(pid) if pid else None)
        partial = self._folder / f".{job}"
        partial.write_text(json.dumps(asdict(entry)))
        partial.replace(self._folder / job)

    def forget(self, job: str) -> None:
        """Delete a job that has ended."""
        (self._folder / job).unlink(missing_ok=True)

    def entries(self) -> list[JournalEntry]:
        """Return the jobs that have not ended; call it before anything is written."""
        found = []
        for file in sorted(self._folder.glob("[!.]*")):
            with suppress(ValueError, TypeError):  # A full disk can cut a file off; it is then useless.
                found.append(JournalEntry(**json.loads(file.read_text())))
        return found


def clean_up(journal: Journal, jobs: Path) -> list[str]:
    """End the programs of a local cloud that was killed, and delete their folders.

    Args:
        journal: the journal of the killed local cloud.
        jobs: the folder with its jobs' folders.

    Returns:
        A line for each job that was running.
    """
    lines = []
    jobs_in_containers = cleanup.remove_containers(jobs.parent)
    for entry in journal.entries():
        killed = entry.pid is not None and _kill(entry.pid, entry.started, jobs / entry.job)
        action = f" Its process {entry.pid} was still running and was ended." if killed else ""
        if entry.job in jobs_in_containers:
            action = " Its containers were still there and were removed."
        lines.append(f"Training job {entry.job} was running when the local cloud was killed; it is lost.{action}")
        remove(jobs / entry.job)
    return lines


def lost_tunings(journal: Journal) -> list[str]:
    """Return a line for each tuning of a local cloud that was killed."""
    lost = "was running when the local cloud was killed; it is lost."
    return [f"Hyperparameter tuning job {entry.job} {lost}" for entry in journal.entries()]


def process_start(pid: int) -> str | None:
    """Return a process's start time, in the system's own form; None if there is no such process."""
    if _PROC.joinpath("self").exists():
        stat = _stat(pid)
        return None if stat is None or stat[0] == "Z" else stat[19]
    ended = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return ended.stdout.strip() or None


def _kill(pid: int, started: str | None, folder: Path) -> bool:
    """Kill a program and its process group, and wait for their end; returns whether there was a process to kill."""
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
    """Return the processes that a program left in its group when it ended.

    They have the job's folder in their environment.
    """
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
    """Return the fields of /proc/PID/stat from the state on: state, parent, group, … (proc(5))."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
