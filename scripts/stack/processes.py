"""Terraform and its provider among the processes of this machine: what a killed command has left running."""

import os
import signal
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """A process: its number, its parent's number, and its command line with blanks between the words."""

    pid: int
    parent: int
    command: str

    @property
    def program(self) -> str:
        """The name of its program, without the folder."""
        return self.command.partition(" ")[0].rpartition("/")[2]


def running(build_folder: Path, processes: Iterable[Process]) -> bool:
    """Whether a Terraform works on a plan below this folder. Pure."""
    place = f" {build_folder}/"
    return any(_is_terraform(each) and place in each.command for each in processes)


def orphans(data_dir: Path, processes: Iterable[Process]) -> list[Process]:
    """The providers of this data folder whose Terraform no longer runs. Pure."""
    known = {each.pid: each for each in processes}
    ours = [each for each in known.values() if each.command.startswith(f"{data_dir}/providers/")]
    return [each for each in ours if each.parent not in known or not _is_terraform(known[each.parent])]


def end_orphans(data_dir: Path) -> None:
    """End the providers of this data folder whose Terraform was killed: they would wait for it for ever."""
    for process in orphans(data_dir, list(listed())):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(process.pid, signal.SIGTERM)


def listed() -> Iterator[Process]:
    """The processes of this machine; nothing if they cannot be listed."""
    return _from_proc() if (PROC / "self/stat").exists() else _from_ps()


def _is_terraform(process: Process) -> bool:
    return process.program.startswith("terraform")  # also terraform1.11 and the like


def _from_proc() -> Iterator[Process]:
    for entry in PROC.glob("[0-9]*"):
        with suppress(OSError, ValueError):  # it has ended meanwhile
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            after_name = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            yield Process(int(entry.name), int(after_name[1]), command)


def _from_ps() -> Iterator[Process]:
    with suppress(OSError):
        listing = subprocess.run(
            ["ps", "-A", "-ww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=False
        )
        for line in listing.stdout.splitlines():
            pid, parent, command = (*line.split(maxsplit=2), "")[:3]
            yield Process(int(pid), int(parent), command)
