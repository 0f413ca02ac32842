"""Runs another program of this folder instead of the trainer, if SAGEMAKER_PROGRAM names one.

The program gets what SageMaker's training toolkit would give it: SM_* variables, and its hyperparameters as
``--name value`` (https://github.com/aws/sagemaker-training-toolkit/blob/master/ENVIRONMENT_VARIABLES.md). There are two
differences. The program runs in this process, so SIGTERM reaches it. And a string arrives exactly as it was written.
"""

import json
import os
import runpy
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from trainer.contract import written
from trainer.contract.errors import JobError
from trainer.contract.failure import write_failure
from trainer.contract.folders import Folders, read_hyperparameters
from trainer.contract.job import check_gpu
from trainer.contract.stop import Stop

CODE_FOLDER = Path(__file__).resolve().parents[1]
OWN_PROGRAM = "__main__.py"

# The keys of SM_TRAINING_ENV that have no variable, or a variable with another name.
UNMAPPED_KEYS = {
    "additional_framework_parameters",
    "channel_input_dirs",
    "hyperparameters",
    "is_master",
    "job_name",
    "master_hostname",
}


def other_program(environ: Mapping[str, str]) -> str:
    """Return the name of the other program; empty if the trainer itself should run."""
    name = environ.get("SAGEMAKER_PROGRAM", "")
    return "" if name == OWN_PROGRAM else name


def run(folders: Folders, extra: Sequence[str], stop: Stop) -> int:
    """Run the other program in this process until it ends.

    Args:
        folders: the folders of the job.
        extra: arguments after ``train``; the program gets them after the hyperparameters.
        stop: whether SIGTERM arrived before the program started.

    Returns:
        The program's exit code. If it is neither 0 nor that of SIGTERM, the failure file says so.

    Raises:
        JobError: there is no such program, or the instance type has a GPU and none is visible.
    """
    # SIGTERM does not end the first process of a container unless that process handles it. A program can replace this
    # handler by its own.
    signal.signal(signal.SIGTERM, _exit_on_sigterm)
    if stop.requested:
        return _SIGTERM_EXIT_CODE
    path = _find(other_program(os.environ))
    hyperparameters = read_hyperparameters(folders)
    arguments = [*to_arguments(hyperparameters), *extra]
    variables = to_variables(folders, path, hyperparameters, arguments)
    check_gpu(variables["SM_CURRENT_INSTANCE_TYPE"], _gpus(), os.environ)
    os.environ.update(variables)
    for name in ("SM_MODEL_DIR", "SM_OUTPUT_DATA_DIR"):
        Path(variables[name]).mkdir(parents=True, exist_ok=True)
    _prepare_process(path, arguments)
    started, code = time.time(), 0
    try:
        runpy.run_path(str(path), run_name="__main__")
    except SystemExit as exit_request:
        code = _exit_code(exit_request, path.name, folders)
    if code == 0 and variables["SM_CURRENT_HOST"] == json.loads(variables["SM_HOSTS"])[0]:
        written.warn_of_empty_model(path.name, folders, CODE_FOLDER, started)
    return code


def _prepare_process(path: Path, arguments: Sequence[str]) -> None:
    """Set up this process as if it were ``python PROGRAM ARGUMENTS``, started in the folder of the code."""
    os.chdir(CODE_FOLDER)
    sys.argv = [str(path), *arguments]
    # A program in a subfolder can import the modules beside it and those in the folder of the code. The processes that
    # it starts can do so too.
    sys.path[:0] = dict.fromkeys([str(path.parent), str(CODE_FOLDER)])
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(CODE_FOLDER), os.environ.get("PYTHONPATH")]))


def to_arguments(hyperparameters: Mapping[str, str]) -> list[str]:
    """Return hyperparameters as ``--name value``, and a name of one letter as ``-n value``, as the toolkit does.

    If a value starts with ``-``, it is joined to its name, so that it is not read as an option.
    """
    arguments: list[str] = []
    for name, value in hyperparameters.items():
        option, joined = (f"--{name}", "=") if len(name) > 1 else (f"-{name}", "")
        arguments += [f"{option}{joined}{value}"] if value.startswith("-") else [option, value]
    return arguments


def to_variables(
    folders: Folders, path: Path, hyperparameters: Mapping[str, str], arguments: Sequence[str]
) -> dict[str, str]:
    """Return the SM_* variables, with the toolkit's names.

    SM_HP_* hold the strings as they were sent. In SM_HPS, which is JSON, a string that is valid JSON (a number, true,
    false, null, a list or an object) is decoded.
    """
    environment = _training_environment(folders, path.relative_to(CODE_FOLDER).as_posix(), hyperparameters)
    variables = {f"SM_{key.upper()}": _as_text(value) for key, value in environment.items() if key not in UNMAPPED_KEYS}
    variables |= {f"SM_CHANNEL_{name.upper()}": path for name, path in environment["channel_input_dirs"].items()}
    variables |= {f"SM_HP_{name.upper()}": value for name, value in hyperparameters.items()}
    return variables | {
        "SM_FRAMEWORK_PARAMS": _as_text(environment["additional_framework_parameters"]),
        "SM_HPS": _as_text(environment["hyperparameters"]),
        "SM_TRAINING_ENV": _as_text(environment),
        "SM_USER_ARGS": _as_text(list(arguments)),
    }


def _training_environment(folders: Folders, program: str, hyperparameters: Mapping[str, str]) -> dict[str, Any]:
    """Return the content of SM_TRAINING_ENV; most of its keys are separate variables too."""
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
        "hyperparameters": {name: _decode(value) for name, value in hyperparameters.items()},
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
        "module_dir": str(CODE_FOLDER),
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
    path = (CODE_FOLDER / name).resolve()
    if not path.is_relative_to(CODE_FOLDER) or not path.is_file():
        programs = ", ".join(sorted(other.name for other in CODE_FOLDER.glob("*.py")))
        problem = f"SAGEMAKER_PROGRAM names {name!r}, which is not a file in this image."
        raise JobError(problem, f"The programs in this image are: {programs}.")
    if path.suffix != ".py":
        fix = "Name a .py file; it can start other programs with subprocess.run."
        raise JobError(f"SAGEMAKER_PROGRAM names {name!r}, which is not a Python program.", fix)
    return path


def _exit_code(exit_request: SystemExit, name: str, folders: Folders) -> int:
    """Return Python's exit code: 0 for None, a number as it is, and 1 for anything else, which is printed."""
    code = 0 if exit_request.code is None else exit_request.code
    if isinstance(code, int):
        if code not in (0, _SIGTERM_EXIT_CODE):
            write_failure(folders, f"{name} exited with code {code}; see the log for the reason.")
        return code
    print(code, file=sys.stderr, flush=True)
    write_failure(folders, str(code))
    return 1


_SIGTERM_EXIT_CODE = 128 + signal.SIGTERM


def _exit_on_sigterm(_signal: int, _frame: object) -> NoReturn:
    sys.exit(_SIGTERM_EXIT_CODE)


def _decode(value: str) -> Any:
    """Decode a hyperparameter's value as JSON. If it is not JSON, or a JSON string, return it as it is."""

    def refuse(word: str) -> NoReturn:
        raise ValueError(word)  # NaN and Infinity are not JSON; only Python's reader accepts them

    try:
        decoded = json.loads(value, parse_constant=refuse)
    except (ValueError, RecursionError):
        return value
    return value if isinstance(decoded, str) else decoded


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _folders_in(path: Path) -> list[str]:
    return [child.name for child in path.iterdir() if child.is_dir()] if path.is_dir() else []


def _gpus() -> int:
    """Count the GPUs of the container without TensorFlow, which would allocate their memory."""
    return sum(1 for device in Path("/dev").glob("nvidia*") if device.name.removeprefix("nvidia").isdigit())
