"""What every test can ask for: a clean environment, a copy of the project, a way to type make."""

import contextlib
import fcntl
import gc
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.util import cache_from_source
from pathlib import Path

import pytest
from hypothesis import settings

from tests.background import BACKGROUND, Prepared
from tests.schedule import (
    pytest_collection_modifyitems,
    pytest_runtest_logreport,
    pytest_terminal_summary,
    pytest_xdist_make_scheduler,
    runs_first,
)
from tests.terminal import at_the_question

__all__ = [
    "pytest_collection_modifyitems",
    "pytest_runtest_logreport",
    "pytest_terminal_summary",
    "pytest_xdist_make_scheduler",
]

# A module of fixtures that imports this one.
pytest_plugins = ("tests.client_programs",)

# Looking for garbage takes a fifth of the CPU. There is none before the tests are collected, and later little.
gc.disable()
# On a busy machine an example may take any time.
settings.register_profile("busy", deadline=None)
settings.load_profile("busy")
settings.register_profile("quick", deadline=None, max_examples=25)  # `make test-fast` asks for it
ROOT = Path(__file__).resolve().parent.parent
IN_CI = os.environ.get("CI") == "true"


def missing(reason: str) -> None:
    """Skip a test for want of a tool; where tests must be complete, fail it."""
    if IN_CI:
        pytest.fail(f"In CI nothing may be missing: {reason}")
    pytest.skip(reason)


def clean_environment() -> dict[str, str]:
    """The caller's environment without AWS's variables, make's, and what a person typed to make.

    Python writes bytecode, as on most machines: a project in which verbs run hundreds of times compiles them once.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "MAKE", "MFLAGS", "PYTEST_", "PYTHONDONTWRITEBYTECODE"))
        and not name.endswith("_TEXT")
    }


Ended = subprocess.CompletedProcess[str]


# No engine is found here: the local cloud runs jobs as processes then. Those in containers are tests/container's.
NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}


class Project:
    """A copy of this repository in a folder of its own, with the same .venv, that a test may use up.

    Args:
        folder: where to make it.
        environment: variables for all that is typed in it.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] = NO_ENGINE) -> None:
        self.folder = folder
        self.environment = {**clean_environment(), **environment}
        names = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split("\0")
        for name in filter(None, names):
            if (ROOT / name).exists():
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, target)
                if name.endswith(".py"):
                    copy_bytecode(ROOT / name, target)
        (folder / ".venv").symlink_to(ROOT / ".venv")

    def start(self, *command: str, env: Mapping[str, str] | None = None) -> "subprocess.Popen[str]":
        """Start a command in a process group of its own, as a terminal would."""
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env={**self.environment, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def make(
        self, *arguments: str, env: Mapping[str, str] | None = None, code: int | None = 0, timeout: float = 900
    ) -> str:
        """Type make; give what it printed. ``code`` is the exit status to insist on, None for any."""
        with self.start("make", *arguments, env=env) as process:
            try:
                output, _ = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                output, _ = process.communicate()
                pytest.fail(f"make {' '.join(arguments)} took over {timeout} s:\n{output}")
        if code is not None:
            assert process.returncode == code, f"make {' '.join(arguments)} ended with {process.returncode}:\n{output}"
        return output

    def verb(self, name: str, *arguments: str, env: Mapping[str, str] | None = None) -> Ended:
        """Run a verb directly; give the ended process with its stdout and stderr."""
        return subprocess.run(
            [sys.executable, "-m", f"scripts.{name}", *arguments],
            cwd=self.folder,
            env={**self.environment, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )


def copy_bytecode(source: Path, target: Path) -> None:
    """Copy a module's bytecode too, if there is some: it is good for a copy of the same time."""
    bytecode = Path(cache_from_source(str(source)))
    if bytecode.exists():
        into = Path(cache_from_source(str(target)))
        into.parent.mkdir(exist_ok=True)
        shutil.copy2(bytecode, into)


def processes_of(folder: Path) -> list[str]:
    """The command lines of the processes that work in ``folder`` or below it (Linux only)."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cwd").resolve().is_relative_to(folder):
                found.append((entry / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue  # ended meanwhile, or another user's
    return found


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the project for the tests of one file."""
    return Project(tmp_path_factory.mktemp("trainyard"))


@pytest.fixture(scope="session")
def yard(request: pytest.FixtureRequest) -> Iterator[Project]:
    """A copy of the project with a local cloud, on which `make demo` has run; at the end its stack is destroyed."""
    project = prepared_project("yard")
    yield project
    if not request.session.testsfailed:
        destroyed(project)


@pytest.fixture(scope="session")
def workshop() -> Project:
    """A copy of the project with a local cloud, a stack, and one completed run of the job `digits`."""
    return prepared_project("workshop")


def with_few_digits(folder: Path) -> Project:
    """A copy of the project with some of the images of `make digits`."""
    from tests import few_digits  # it imports much, and only one worker needs it

    project = Project(folder)
    few_digits.write(folder / "data" / "digits", *few_digits.DIGITS)
    return project


# For each copy: the folder whose worker starts to make it at once, how it is made, and what is typed.
PREPARED: dict[str, tuple[str, Callable[[Path], Project], list[tuple[str, ...]]]] = {
    "yard": ("tests/e2e", Project, [("cloud-up",), ("demo",)]),
    "workshop": (
        "tests/errors",
        with_few_digits,
        [
            ("cloud-up",),
            ("infra", "CLOUD=local", "YES=1"),
            ("train", "CLOUD=local", "JOB=digits", "HP=epochs=1", "YES=1"),
        ],
    ),
}


def prepared_project(name: str) -> Project:
    """A copy for a fixture, when it is ready."""
    prepared = in_background(name)
    try:
        prepared.wait()
    except BaseException:
        provider = prepared.project.verb("infra", "validate")
        if provider.returncode != 0:
            missing(f"the AWS provider cannot be had:\n{provider.stdout}{provider.stderr}")
        raise
    return prepared.project


def in_background(name: str) -> Prepared:
    """A copy for a fixture, which may not be ready yet."""
    if not shutil.which("terraform"):
        missing("terraform is not on PATH")
    _, made, commands = PREPARED[name]
    return BACKGROUND.prepare(name, made, commands)


def destroyed(yard: Project) -> None:
    """`make destroy` asks for the environment's name, and leaves nothing but the state bucket."""
    with at_the_question(yard, "Type local to confirm:", "destroy", "CLOUD=local") as answer:
        output = answer("local")
    assert "21 destroyed" in output
    assert "trainyard-tfstate-" in output
    output = yard.make("train", "CLOUD=local", "JOB=digits", code=2)
    assert "make infra" in output


@pytest.fixture(scope="session")
def demo(yard: Project) -> str:
    """What `make demo` printed in the yard: the stack is applied, and one job has run."""
    return in_background("yard").wait()


def pytest_configure() -> None:
    """Take SIGINT, and let what tests start take it: a shell that starts pytest in the background has it ignored."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start to apply the stacks that tests will ask for."""
    if slow := {"tensorflow", "sklearn"} & sys.modules.keys():
        raise pytest.UsageError(
            f"A file of tests imports {' and '.join(slow)}: import it in its tests (tests/late.py)."
        )
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
    gc.enable()
    for name, (folder, *_) in PREPARED.items():
        if asks_for(name, session) and runs_first(folder, session.config):
            with contextlib.suppress(pytest.skip.Exception, pytest.fail.Exception):  # the fixture will say it
                in_background(name)


def asks_for(fixture: str, session: pytest.Session) -> bool:
    """Whether this process runs a test that asks for a fixture; pytest-xdist's main process runs none."""
    distributes = session.config.getoption("numprocesses", None) and not hasattr(session.config, "workerinput")
    if session.config.option.collectonly or distributes:
        return False
    return any(fixture in getattr(item, "fixturenames", ()) for item in session.items)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """No local cloud stays. Fixtures end before: of a run that was interrupted, pytest ends them in this hook too."""
    BACKGROUND.end()
    gc.freeze()  # Python would look through all that the tests left when it ends: 4 s for three workers


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """One worker of the tests at a time is in here, for the same ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
