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

from trainer import contract
from trainer.contract import Folders, JobError

HERE = Path(__file__).resolve().parent


def named(environ: Mapping[str, str]) -> str:
    """The other program's name; empty where our own trainer is to run."""
    return environ.get("SAGEMAKER_PROGRAM", "")


def run(folders: Folders, extra: Sequence[str]) -> int:
    """Run the named program to its end, in this process.

    Args:
        folders: the job's.
        extra: arguments after ``train``, handed on after the hyperparameters.

    Returns:
        Its exit code. Where that is not 0, the failure file says so.

    Raises:
        JobError: there is no such program, or no GPU where there should be one.
    """
    path = _find(named(os.environ))
    hyperparameters = contract.given_hyperparameters(folders)
    arguments = [*to_arguments(hyperparameters), *extra]
    variables = to_variables(folders, path, hyperparameters, arguments)
    contract.check_gpu(variables["SM_CURRENT_INSTANCE_TYPE"], _gpus(), os.environ)
    os.environ.update(variables)
    for name in ("SM_MODEL_DIR", "SM_OUTPUT_DATA_DIR"):
        Path(variables[name]).mkdir(parents=True, exist_ok=True)
    sys.argv = [str(path), *arguments]
    sys.path.insert(0, str(path.parent))
    # The first process of a container does not die of SIGTERM unless it handles it; a program that knows
    # better installs its own handler over this one.
    signal.signal(signal.SIGTERM, _end)
    try:
        runpy.run_path(str(path), run_name="__main__")
    except SystemExit as ending:
        return _exit_code(ending, path.name, folders)
    return 0


def to_arguments(hyperparameters: Mapping[str, str]) -> list[str]:
    """Hyperparameters as ``--name value``; ``--name=value`` where the value would be taken for an option."""
    arguments: list[str] = []
    for name, value in hyperparameters.items():
        arguments += [f"--{name}={value}"] if value.startswith("-") else [f"--{name}", value]
    return arguments


def to_variables(
    folders: Folders, path: Path, hyperparameters: Mapping[str, str], arguments: Sequence[str]
) -> dict[str, str]:
    """The SM_* variables, by the toolkit's names.

    SM_HP_* hold the strings as they were sent; in SM_HPS, JSON, what reads as a number, true, false, null, a list
    or an object is one.
    """
    resources = folders.read_config("resourceconfig.json")
    inputs = folders.read_config("inputdataconfig.json")
    hosts = resources.get("hosts") or ["localhost"]
    current = resources.get("current_host") or hosts[0]
    channels = {name: str(folders.channels / name) for name in sorted(inputs or _folders_in(folders.channels))}
    environment: dict[str, Any] = {
        "channels": sorted(channels),
        "channel_input_dirs": channels,
        "current_host": current,
        "current_instance_type": resources.get("current_instance_type") or "local",
        "hosts": hosts,
        "hyperparameters": {name: _typed(value) for name, value in hyperparameters.items()},
        "input_config_dir": str(folders.config),
        "input_data_config": inputs,
        "input_dir": str(folders.base / "input"),
        "is_master": current == hosts[0],
        "job_name": os.environ.get("TRAINING_JOB_NAME", ""),
        "log_level": 20,
        "master_hostname": hosts[0],
        "model_dir": str(folders.model),
        "module_dir": str(path.parent),
        "module_name": path.stem,
        "network_interface_name": resources.get("network_interface_name") or "eth0",
        "num_cpus": os.cpu_count() or 1,
        "num_gpus": _gpus(),
        "output_data_dir": str(folders.output / "data"),
        "output_dir": str(folders.output),
        "resource_config": resources,
        "user_entry_point": path.name,
    }
    named_apart = {"channel_input_dirs", "hyperparameters", "is_master", "job_name", "master_hostname"}
    variables = {f"SM_{key.upper()}": _text(value) for key, value in environment.items() if key not in named_apart}
    variables |= {f"SM_CHANNEL_{name.upper()}": path for name, path in channels.items()}
    variables |= {f"SM_HP_{name.upper()}": value for name, value in hyperparameters.items()}
    return variables | {
        "SM_HPS": _text(environment["hyperparameters"]),
        "SM_TRAINING_ENV": _text(environment),
        "SM_USER_ARGS": _text(list(arguments)),
    }


def _find(name: str) -> Path:
    path = (HERE / name).resolve()
    if not path.is_relative_to(HERE) or not path.is_file():
        there = ", ".join(sorted(other.name for other in HERE.glob("*.py")))
        raise JobError(f"SAGEMAKER_PROGRAM names {name!r}, which is no program of this image. There are: {there}.")
    return path


def _exit_code(ending: SystemExit, name: str, folders: Folders) -> int:
    """What Python would exit with: None is 0, a number itself, anything else is printed and is 1."""
    code = 0 if ending.code is None else ending.code
    if isinstance(code, int):
        if code not in (0, _END):
            contract.write_failure(folders, f"{name} exited with code {code}; the log says why.")
        return code
    print(code, file=sys.stderr, flush=True)
    contract.write_failure(folders, str(code))
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
