"""The scene of an error: a copy of the project, an environment, and the state before the command."""

import json
import os
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scripts.localcloud import Cloud, environment
from tests.conftest import Project, clean_environment
from tests.errors.front import Front

DATA = "trainyard-local-data-123456789012-us-east-1"
"""The bucket of the stack's data."""
NOT_OURS = {".venv", "build", "__pycache__", ".git"}
LINE = re.compile(r"^(Error: |Fix:   )(.*)$")


@dataclass
class Scene:
    """What a case prepares and the test checks.

    Args:
        project: the copy of the project.
        environment: the environment of the command; a case may change it.
        front: the proxy that answers for AWS; None without a cloud.
        aws: makes a boto3 client that bypasses the proxy.
        prefix: a command before the command, such as one that drops capabilities.
        python: what make calls for Python (`tests/forks.py`); None: the real one.
    """

    project: Project
    environment: dict[str, str]
    front: Front | None = None
    aws: Callable[[str], Any] | None = None
    prefix: tuple[str, ...] = ()
    python: Path | None = None
    words: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.project.folder

    @property
    def cloud(self) -> Front:
        assert self.front is not None, "a case that answers for AWS must say on=STACK"
        return self.front

    def client(self, service: str) -> Any:
        assert self.aws is not None, "a case that asks the cloud must say on=STACK"
        return self.aws(service)

    @property
    def run(self) -> str:
        """The completed run of the job `digits`."""
        return min(path.parent.name for path in (self.folder / "runs").glob("digits-*/record.json"))

    def command(self, typed: str) -> list[str]:
        """The words of the command, with `{run}` replaced by that run."""
        words = shlex.split(self.fill(typed))
        if words[0] != "make":
            return [*self.prefix, *words]
        # What a prefix does to a process, it would not do to a fork of another one.
        python = [f"VENV={self.python}"] if self.python and not self.prefix else []
        if self.front is None:
            return [*self.prefix, "make", *python, *words[1:]]
        # CLOUD=local alone would bypass the proxy. So VERB, the variable that calls the verb, is set too.
        return [*self.prefix, "make", "-s", *python, "VERB=$(VENV) -m", "CLOUD=local", *words[1:]]

    def fill(self, text: str) -> str:
        """A text of the table with the names of jobs filled in."""
        known = {**self.words, **({"run": self.run} if "{run}" in text else {})}
        return re.sub(r"\{(\w+)\}", lambda found: known.get(found[1], found[0]), text)

    def type(self, typed: str, timeout: float = 300) -> "subprocess.CompletedProcess[str]":
        """Run a command and wait until it ends."""
        return subprocess.run(
            self.command(typed),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def holdings(self) -> dict[str, object]:
        """The files of the project, without caches."""
        found: dict[str, object] = {}
        folders = [str(self.folder)]
        for folder in folders:  # more are added on the way
            for entry in os.scandir(folder):
                if entry.is_dir(follow_symlinks=False):
                    if entry.name in NOT_OURS:
                        continue
                    folders.append(entry.path)
                    found[entry.path] = None
                else:
                    status = entry.stat(follow_symlinks=False)
                    found[entry.path] = (status.st_size, status.st_mtime_ns)
        return found


Given = Callable[[Scene], AbstractContextManager[object]]


@contextmanager
def nothing(_scene: Scene) -> Iterator[None]:
    """Nothing to prepare."""
    yield


def bare(project: Project, home: Path) -> Scene:
    """A scene without a cloud: no call can leave the machine."""
    isolated = {
        "HOME": str(home),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nobody",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    }
    return Scene(project, {**clean_environment(), **isolated})


def with_stack(project: Project, front: Front, aws: Callable[[str], Any]) -> Scene:
    """A scene with the stack. Its calls go through the proxy."""
    variables = environment(running(project), {**clean_environment(), "ENV_TEXT": "local"})
    return Scene(project, {**variables, "AWS_ENDPOINT_URL": front.url}, front, aws)


def running(project: Project) -> Cloud:
    """The local cloud that runs in a copy of the project."""
    folder = project.folder / "build" / "local-cloud"
    record = json.loads((folder / "server.json").read_text())
    return Cloud(record["url"], record["port"], record["pid"], datetime.now(UTC), folder)


def two_lines(output: str) -> tuple[str, str] | None:
    """Problem and fix from the last two lines of a command's stderr; None if the lines are others."""
    lines = [line for line in output.splitlines() if not line.startswith(("make: ***", "make[")) and line.strip()]
    found = [LINE.match(line) for line in lines[-2:]]
    if len(found) < 2 or found[0] is None or found[1] is None:
        return None
    return found[0][2], found[1][2]


def fits(line: str, expected: str) -> bool:
    """Whether a line is the expected one, in which `…` stands for any text."""
    return re.fullmatch(".*".join(map(re.escape, expected.split("…"))), line, re.DOTALL) is not None
