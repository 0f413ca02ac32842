"""Runs another program than the trainer, if SAGEMAKER_PROGRAM or SageMaker's SDK names one (`trainer.contract.source`).

The program gets what SageMaker's training toolkit would give it (`trainer.contract.variables`). There are two
differences: SIGTERM reaches the program, and a string arrives exactly as it was written.

The program is a process of its own, which imports nothing of the trainer: whatever its modules are called, `import`
finds them. Of our code it finds the package `trainyard` alone. `start_program.py` is that process.

With the distribution MultiWorkerMirroredStrategy it starts when all hosts are there, finds them in TF_CONFIG, and ends
if one of them is lost (`trainer.contract.watch`).
"""

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import trainyard
from trainer.contract import process, variables, written
from trainer.contract.failure import failure_file, write_failure
from trainer.contract.folders import Folders
from trainer.contract.job import check_gpu
from trainer.contract.program_values import read_program_values
from trainer.contract.source import TRAINER_FOLDER, Source, fetch, install
from trainer.contract.watch import Watch, watched
from trainyard.errors import JobError
from trainyard.stop import Stop

STARTER = Path(__file__).with_name("start_program.py")


def run(source: Source, folders: Folders, extra: Sequence[str], stop: Stop) -> int:
    """Run the other program until it ends.

    Args:
        source: the program.
        folders: the folders of the job.
        extra: arguments after ``train``; the program gets them after the hyperparameters.
        stop: whether SIGTERM arrived before the program started.

    Returns:
        The program's exit code. If it is neither 0 nor that of SIGTERM, the failure file says why.

    Raises:
        JobError: there is no such program, its code cannot be read, a hyperparameter asks for a distribution that the
            image lacks, another host did not appear or was lost, or the instance type has a GPU and none is visible.
    """
    hyperparameters = read_program_values(folders)
    hosts, current = folders.hosts()
    together = hosts if hyperparameters.multi_worker_mirrored else []
    with (
        watched(together, current, stop, os.environ) as watch,
        tempfile.TemporaryDirectory(prefix="code-") as empty,
    ):
        code = fetch(source, os.environ, Path(empty).resolve())
        path = _find(code, source)
        arguments = [*variables.to_arguments(hyperparameters.arguments), *extra]
        given = variables.to_variables(folders, code, path.relative_to(code).as_posix(), hyperparameters, arguments)
        check_gpu(given["SM_CURRENT_INSTANCE_TYPE"], variables.gpus(), os.environ)
        for folder in ("SM_MODEL_DIR", "SM_OUTPUT_DATA_DIR"):
            Path(given[folder]).mkdir(parents=True, exist_ok=True)
        package = _link_to_package(Path(empty))
        started = time.time()
        environ = {**os.environ, **given, **_python_path(code, package)}
        ended = process.run(_command(path, code, arguments, folders), code, environ, stop, watch)
        if ended == 0 and current == hosts[0]:
            written.warn_of_empty_model(path.name, folders, code, started)
        if ended not in (0, process.SIGTERM_EXIT_CODE) and not failure_file(folders).exists():
            write_failure(folders, f"{path.name} exited with code {ended}; see the log for the reason.")
        if ended == 0 or stop.requested:
            watch.end(stop)
        else:
            _fail_together(path.name, folders, watch)
    if ended == 0:
        (folders.output / "success").touch()  # as the toolkit does, for programs that look for it
    return ended


def _fail_together(name: str, folders: Folders, watch: Watch) -> None:
    """Tell the other hosts why the program failed here. If another host was lost, that may be why: write it too."""
    path = failure_file(folders)
    reason = path.read_text(encoding="utf-8", errors="replace") if path.exists() else f"SIGTERM ended {name}."
    lost = watch.fail(reason.partition("\n")[0].removesuffix("; see the log for the reason."))
    if lost:
        print(f"Error: {lost}", file=sys.stderr, flush=True)
        write_failure(folders, f"{lost} Here, {name} ended with:\n{reason}")


def _command(path: Path, code: Path, arguments: Sequence[str], folders: Folders) -> list[str]:
    """The process of the program. A project with a setup.py is installed, and its program runs as a module."""
    program = [str(path)]
    if path.suffix == ".py" and (code / "setup.py").is_file() and code != TRAINER_FOLDER:
        install(_project(code), code, "the project of setup.py")
        program = ["-m", path.relative_to(code).with_suffix("").as_posix().replace("/", ".")]
    return [sys.executable, str(STARTER), str(failure_file(folders)), *program, *arguments]


def _project(code: Path) -> list[str]:
    """The arguments with which pip installs a project: by the image's setuptools, so that it needs no network for it.

    A pyproject.toml may name another builder, which pip downloads.
    """
    builds_here = find_spec("setuptools") is not None and not (code / "pyproject.toml").exists()
    return ["--no-build-isolation", "."] if builds_here else ["."]


def _link_to_package(empty: Path) -> Path:
    """Make a folder from which only `trainyard` can be imported. Beside the real one are other packages of ours."""
    folder = empty / "packages"
    folder.mkdir()
    (folder / trainyard.__name__).symlink_to(Path(trainyard.__path__[0]).resolve())
    return folder


def _python_path(code: Path, package: Path) -> dict[str, str]:
    """PYTHONPATH for the program and the processes that it starts: its code first, and not the trainer's folder.

    Args:
        code: the folder of the program's code.
        package: the folder of `trainyard`, which comes last: the program may have a module of this name.
    """
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    ours = code != TRAINER_FOLDER and Path(sys.modules["trainer"].__path__[0]).parent
    kept = [each for each in paths if each and Path(each) != ours]
    return {"PYTHONPATH": os.pathsep.join([str(code), *kept, str(package)])}


def _find(code: Path, source: Source) -> Path:
    name = source.program
    path = (code / name).resolve()
    if not path.is_relative_to(code) or not path.is_file():
        programs = ", ".join(sorted(other.name for other in code.glob("*.py")))
        place = source.directory or "this image"
        problem = f"{source.named_by} names {name!r}, which is not a file in {place}."
        raise JobError(problem, f"The programs there are: {programs}.")
    if path.suffix not in (".py", ".sh"):
        fix = "Name a .py or .sh file; it can start other programs."
        raise JobError(f"{source.named_by} names {name!r}, which is neither a Python program nor a shell script.", fix)
    return path
