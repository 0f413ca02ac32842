"""Which worker runs which tests, in which order, and how long they took: hooks for conftest.py.

`make test` gives each file of tests to one worker (`--dist loadfile`), as they share fixtures, in the order that is
made here (`--no-loadscope-reorder`). Files that share a stack go to the same worker: it is applied and destroyed once.
"""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePath
from typing import TYPE_CHECKING

import pytest
from xdist.scheduler import LoadFileScheduling

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.workermanage import WorkerController

# Long files come first: a worker that takes one of them last would let the other wait.
_FIRST = ("tests/unit/trainer", "tests/container/jobs", "tests/unit/proof", "tests/container")

# The tests of these folders share a stack: `yard` and `dock`. Each folder has the worker that takes its files.
_WORKERS = {"tests/e2e": 0, "tests/errors": 0, "tests/faults": 0, "tests/container": 1}

_seconds: dict[str, float] = defaultdict(float)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Slow files come first, and among them those that wait for a stack come last."""
    places: dict[str, tuple[int, int]] = {}
    for item in items:
        fixtures: Iterable[str] = getattr(item, "fixturenames", ())
        file = _file(item.nodeid)
        places[file] = min(places.get(file, (9, 0)), _place(item, file, fixtures))
    if not config.pluginmanager.hasplugin("randomly"):
        items.sort(key=lambda item: places[_file(item.nodeid)])


def _place(item: pytest.Item, file: str, fixtures: Iterable[str]) -> tuple[int, int]:
    if item.get_closest_marker("e2e") is None:
        return 2, 0
    if {"yard", "dock"}.intersection(fixtures):
        return 1, 0
    return 0, next((number for number, folder in enumerate(_FIRST) if file.startswith(folder)), len(_FIRST))


class StackScheduling(LoadFileScheduling):  # type: ignore[misc]  # pytest-xdist has no types
    """Files of tests for the workers, in their order; those of another worker's folder only when no others are left."""

    def _assign_work_unit(self, node: "WorkerController") -> None:
        own = _number(node.gateway.id)
        suitable = [file for file in self.workqueue if _worker_of(file) in (own, None)]
        self.workqueue.move_to_end([*suitable, *self.workqueue][0], last=False)
        super()._assign_work_unit(node)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> StackScheduling:
    """Return the scheduler of `make test`."""
    return StackScheduling(config, log)


def runs_first(folder: str, config: pytest.Config) -> bool:
    """Whether this process is the one that will run a folder's tests: its worker, or the only process."""
    worker = getattr(config, "workerinput", None)
    return worker is None or _number(worker["workerid"]) == _WORKERS[folder]


def _number(worker: str) -> int:
    return int(worker.removeprefix("gw")) % 2


def _worker_of(file: str) -> int | None:
    return next((number for folder, number in _WORKERS.items() if file.startswith(f"{folder}/")), None)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up a test's seconds: its set-up, the test itself, its end."""
    _seconds[report.nodeid] += report.duration


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The time by folder and the ten slowest tests; for a run of a few seconds they are of no interest."""
    if sum(_seconds.values()) < 60:
        return
    folders: dict[str, float] = defaultdict(float)
    for name, seconds in _seconds.items():
        folders[str(PurePath(_file(name)).parent)] += seconds
    terminalreporter.section("seconds by folder, and the slowest tests")
    for table in (folders, dict(sorted(_seconds.items(), key=lambda each: -each[1])[:10])):
        for name, seconds in sorted(table.items(), key=lambda each: -each[1]):
            terminalreporter.write_line(f"{seconds:7.1f}  {name}")
        terminalreporter.write_line("")


def _file(nodeid: str) -> str:
    return nodeid.partition("::")[0]
