"""Stacks that are applied while other tests run: an apply takes a minute, and nearly all of it is waiting.

After it has set a bucket's lifecycle rules, the provider waits 10 s and then reads them ten times, 5 s apart. No answer
of the local cloud ends that sooner:
https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/s3/bucket_lifecycle_configuration.go

The tests that share one are on the same worker, so that no two tests change it at the same time. They are started when
the tests have been collected, where a test asks for one.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import Project


@dataclass
class Prepared:
    """A copy of the project, being made ready by commands that a person would type.

    Args:
        project: the copy, with its local cloud.
        output: what the last command printed, when it has ended.
    """

    project: "Project"
    output: Future[str]

    def wait(self) -> str:
        """Wait until it is ready; what the last command printed.

        Raises:
            BaseException: whatever a command raised.
        """
        return self.output.result()


@dataclass
class Background:
    """What is being made ready, by the name of the fixture that asks for it."""

    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2))
    _prepared: dict[str, Prepared] = field(default_factory=dict)
    _folders: list[Path] = field(default_factory=list)

    def prepare(self, name: str, make: "Callable[[Path], Project]", commands: Iterable[tuple[str, ...]]) -> Prepared:
        """Start to make a copy of the project ready, unless that has begun.

        Args:
            name: what for.
            make: makes the copy in a folder that does not exist yet.
            commands: what is typed to make, one after the other.
        """
        if name not in self._prepared:
            folder = Path(tempfile.mkdtemp(prefix=f"trainyard-{name}-"))
            self._folders.append(folder)
            project = make(folder / name)

            def typed() -> str:
                output = ""
                for command in commands:
                    output = project.make(*command)
                return output

            self._prepared[name] = Prepared(project, self._pool.submit(typed))
        return self._prepared[name]

    def stop(self, name: str) -> None:
        """Wait until a copy is ready or has failed, and stop its local cloud, if there is one of this name."""
        prepared = self._prepared.pop(name, None)
        if prepared:
            prepared.output.exception()
            prepared.project.make("cloud-down", "YES=1", code=None)  # jobs of the tests may still run

    def end(self) -> None:
        """Stop all local clouds and remove the copies."""
        for name in list(self._prepared):
            self.stop(name)
        self._pool.shutdown()
        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)


BACKGROUND = Background()
