"""Another program of this folder in place of our trainer, named by SAGEMAKER_PROGRAM.

It finds what SageMaker's training toolkit would give it
(https://github.com/aws/sagemaker-training-toolkit/blob/master/ENVIRONMENT_VARIABLES.md): SM_* variables and its
hyperparameters as ``--name value``. Unlike there, it runs in this very process, so SIGTERM reaches it, and a
string arrives exactly as it was written.
"""

import json
import os
import runpy
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from trainer.contract.errors import JobError
from trainer.contract.failure import write_failure
from trainer.contract.folders import Folders, given_hyperparameters
from trainer.contract.job import check_gpu
from trainer.contract.stop import Stop

HERE = Path(__file__).resolve().parents[1]
OURS = "__main__.py"

# Of SM_TRAINING_ENV: what has no variable, or one by another name.
NAMED_APART = {
    "additional_framework_parameters",
    "channel_input_dirs",
    "hyperparameters",
    "is_master",
    "job_name",
    "master_hostname",
}


def named(environ: Mapping[str, str]) -> str:
    """The other program's name; empty where our own trainer is to run."""
    name = environ.get("SAGEMAKER_PROGRAM", "")
    return "" if name == OURS else name


def run(folders: Folders, extra: Sequence[str], stop: Stop) -> int:
    """Run the named program to its end, in this process.

    Args:
        folders: the job's.
        extra: arguments after ``train``, handed on after the hyperparameters.
        stop: whether SIGTERM came before the program could get it.

    Returns:
        Its exit code. Where that is not 0, the failure file says so.

    Raises:
        JobError: there is no such program, or no GPU where there should be one.
    """
    # The first process of a container does not die of SIGTERM unless it handles it; a program that knows
    # better installs its own handler over this one.
    signal.signal(signal.SIGTERM, _end)
    if stop.requested:
        return _END
    path = _find(named(os.environ))
    hyperparameters = given_hyperparameters(folders)
    arguments = [*to_arguments(hyperparameters), *extra]
    variables = to_variables(folders, path, hyperparameters, arguments)
    check_gpu(variables["SM_CURRENT_INSTANCE_TYPE"], _gpus(), os.environ)
    os.environ.update(variables)
    for name in ("SM_MODEL_DIR", "SM_OUTPUT_DATA_DIR"):
        Path(variables[name]).mkdir(parents=True, exist_ok=True)
    _prepare_process(path, arguments)
    try:
        runpy.run_path(str(path), run_name="__main__")
    except SystemExit as ending:
        return _exit_code(ending, path.name, folders)
    return 0


def _prepare_process(path: Path, arguments: Sequence[str]) -> None:
    """Make this process look as if it were ``python PROGRAM ARGUMENTS``, started in the folder of the code."""
    os.chdir(HERE)
    sys.argv = [str(path), *arguments]
    # A program in a folder of its own finds the modules beside it and those of the folder of the code, and so do
    # the processes that it starts.
    sys.path[:0] = dict.fromkeys([str(path.parent), str(HERE)])
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")]))


def to_arguments(hyperparameters: Mapping[str, str]) -> list[str]:
    """Hyperparameters as ``--name value``, a name of one letter as ``-n value``: so does the toolkit.

    A value that would be taken for an option is in one word with its name.
    """
    arguments: list[str] = []
    for name, value in hyperparameters.items():
        option, joined = (f"--{name}", "=") if len(name) > 1 else (f"-{name}", "")
        arguments += [f"{option}{joined}{value}"] if value.startswith("-") else [option, value]
    return arguments


def to_variables(
    folders: Folders, path: Path, hyperparameters: Mapping[str, str], arguments: Sequence[str]
) -> dict[str, str]:
    """The SM_* variables, by the toolkit's names.

    SM_HP_* hold the strings as they were sent; in SM_HPS, JSON, what reads as a number, true, false, null, a list
    or an object is one.
    """
    environment = _training_environment(folders, path.relative_to(HERE).as_posix(), hyperparameters)
    variables = {f"SM_{key.upper()}": _text(value) for key, value in environment.items() if key not in NAMED_APART}
    variables |= {f"SM_CHANNEL_{name.upper()}": path for name, path in environment["channel_input_dirs"].items()}
    variables |= {f"SM_HP_{name.upper()}": value for name, value in hyperparameters.items()}
    return variables | {
        "SM_FRAMEWORK_PARAMS": _text(environment["additional_framework_parameters"]),
        "SM_HPS": _text(environment["hyperparameters"]),
        "SM_TRAINING_ENV": _text(environment),
        "SM_USER_ARGS": _text(list(arguments)),
    }


def _training_environment(folders: Folders, program: str, hyperparameters: Mapping[str, str]) -> dict[str, Any]:
    """What SM_TRAINING_ENV holds; most of it is a variable of its own too."""
    resources = folders.read_config("resourceconfig.json")
    inputs = folders.read_config("inputdataconfig.json")
    hosts = resources.get("hosts") or ["localhost"]
    current = resources.get("current_host") or hosts[0]
    channels = {name: str(folders.channels / name) for name in sorted(inputs or _folders_in(folders.channels))}
    groups = {group["instance_group_name"]: group for group in resources.get("instance_groups") or []}
    group = resources.get("current_group_name") or "homogeneousCluster"
    return {
        "additional_framework_parameters": {},
        "channels": list(channels),
        "channel_input_dirs": channels,
        "current_host": current,
        "current_instance_group": group,
        "current_instance_group_hosts": groups.get(group, {}).get("hosts", []),
        "current_instance_type": resources.get("current_instance_type") or "local",
        "distribution_instance_groups": [],
        "framework_module": os.environ.get("SAGEMAKER_TRAINING_MODULE", ""),
        "hosts": hosts,
        "hyperparameters": {name: _typed(value) for name, value in hyperparameters.items()},
        "input_config_dir": str(folders.config),
        "input_data_config": inputs,
        "input_dir": str(folders.base / "input"),
        "instance_groups": list(groups),
        "instance_groups_dict": groups,
        "is_hetero": len(groups) > 1,
        "is_master": current == hosts[0],
        "job_name": os.environ.get("TRAINING_JOB_NAME", ""),
        "log_level": 20,
        "master_hostname": hosts[0],
        "model_dir": str(folders.model),
        "module_dir": str(HERE),
        "module_name": program.removesuffix(".py"),
        "network_interface_name": resources.get("network_interface_name") or "eth0",
        "num_cpus": os.cpu_count() or 1,
        "num_gpus": _gpus(),
        "output_data_dir": str(folders.output / "data"),
        "output_dir": str(folders.output),
        "output_intermediate_dir": str(folders.output / "intermediate"),
        "resource_config": resources,
        "user_entry_point": program,
    }


def _find(name: str) -> Path:
    path = (HERE / name).resolve()
    if not path.is_relative_to(HERE) or not path.is_file():
        there = ", ".join(sorted(other.name for other in HERE.glob("*.py")))
        raise JobError(f"SAGEMAKER_PROGRAM names {name!r}, which is no program of this image. There are: {there}.")
    if path.suffix != ".py":
        fix = "Name a .py file; it may start others with subprocess.run."
        raise JobError(f"SAGEMAKER_PROGRAM names {name!r}, which is no Python program.", fix)
    return path


def _exit_code(ending: SystemExit, name: str, folders: Folders) -> int:
    """What Python would exit with: None is 0, a number itself, anything else is printed and is 1."""
    code = 0 if ending.code is None else ending.code
    if isinstance(code, int):
        if code not in (0, _END):
            write_failure(folders, f"{name} exited with code {code}; the log says why.")
        return code
    print(code, file=sys.stderr, flush=True)
    write_failure(folders, str(code))
    return 1


_END = 128 + signal.SIGTERM


def _end(_signal: int, _frame: object) -> NoReturn:
    sys.exit(_END)


def _typed(value: str) -> Any:
    """A hyperparameter's value as JSON reads it; a string where that would lose or change something."""

    def refuse(word: str) -> NoReturn:
        raise ValueError(word)  # NaN and Infinity: Python's JSON alone knows them

    try:
        read = json.loads(value, parse_constant=refuse)
    except (ValueError, RecursionError):
        return value
    return value if isinstance(read, str) else read


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _folders_in(path: Path) -> list[str]:
    return [child.name for child in path.iterdir() if child.is_dir()] if path.is_dir() else []


def _gpus() -> int:
    """How many GPUs the container was given, without asking TensorFlow, which would take the memory of all."""
    return sum(1 for device in Path("/dev").glob("nvidia*") if device.name.removeprefix("nvidia").isdigit())
