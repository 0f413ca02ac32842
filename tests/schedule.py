"""Which worker runs which tests, in which order, and how long they took: hooks for conftest.py.

`make test` gives each file of tests to one worker (`--dist loadfile`), as they share fixtures, in the order that is
made here (`--no-loadscope-reorder`). It has three workers on two processors: one mostly waits, such as for Terraform's
provider. Files that share a stack go to the same worker, which takes them before others: it applies the stack once.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

import pytest
from xdist.scheduler import LoadFileScheduling

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.workermanage import WorkerController

# Long files come first: a worker that takes one of them last would let the others wait.
_FIRST = ("tests/unit/trainer", "tests/container/jobs", "tests/unit/proof", "tests/container")

# Each folder whose tests share a stack, or a local cloud, has the worker that takes its files.
_WORKERS = {"tests/e2e": 0, "tests/container": 1, "tests/unit/localcloud": 1, "tests/errors": 2, "tests/faults": 2}
_NUMBER = 3
# These files do not use that stack.
_ALONE = ("tests/e2e/test_account.py", "tests/e2e/test_real_plans.py", "tests/faults/test_rows.py")

_seconds: dict[str, float] = defaultdict(float)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Slow files come first, and among them those that wait for a stack come last."""
    places: dict[str, tuple[int, int]] = {}
    for item in items:
        fixtures: Iterable[str] = getattr(item, "fixturenames", ())
        file = _file(item.nodeid)
        # A file that waits for a stack does so whatever else it has.
        place = _place(item, file, fixtures)
        places[file] = min(places.get(file, (9, 0)), place, key=lambda each: (each[0] != 1, each))
    if not config.pluginmanager.hasplugin("randomly"):
        items.sort(key=lambda item: places[_file(item.nodeid)])


def _place(item: pytest.Item, file: str, fixtures: Iterable[str]) -> tuple[int, int]:
    if item.get_closest_marker("e2e") is None:
        return 2, 0
    if {"yard", "workshop", "dock"}.intersection(fixtures):
        return 1, 0
    return 0, next((number for number, folder in enumerate(_FIRST) if file.startswith(folder)), len(_FIRST))


class StackScheduling(LoadFileScheduling):  # type: ignore[misc]  # pytest-xdist has no types
    """Files of tests for the workers: first one that is anybody's, as a stack is not ready at once, then their own."""

    def _assign_work_unit(self, node: "WorkerController") -> None:
        file = next_file(list(self.workqueue), worker_number(node.gateway.id), not self.assigned_work[node])
        self.workqueue.move_to_end(file, last=False)
        super()._assign_work_unit(node)


def next_file(files: Sequence[str], worker: int, is_first: bool) -> str:
    """Return the file that a worker takes next. It takes another worker's only when no others are left."""
    own = [file for file in files if _worker_of(file) == worker]
    free = [file for file in files if _worker_of(file) is None]
    return [*(free + own if is_first else own + free), *files][0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> StackScheduling:
    """Return the scheduler of `make test`."""
    return StackScheduling(config, log)


def runs_first(folder: str, config: pytest.Config) -> bool:
    """Whether this process is the one that will run a folder's tests: its worker, or the only process."""
    worker = getattr(config, "workerinput", None)
    return worker is None or worker_number(worker["workerid"]) == _WORKERS[folder]


def worker_number(worker: str) -> int:
    """Return a worker's number; one that replaces a worker that died has the number of another."""
    return int(worker.removeprefix("gw")) % _NUMBER


def _worker_of(file: str) -> int | None:
    if file in _ALONE:
        return None
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
