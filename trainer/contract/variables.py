"""The arguments and SM_* variables that a program gets, as SageMaker's training toolkit would give them.

https://github.com/aws/sagemaker-training-toolkit/blob/master/ENVIRONMENT_VARIABLES.md
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from trainer.contract.folders import Folders

# The keys of SM_TRAINING_ENV that have no variable, or a variable with another name.
UNMAPPED_KEYS = {
    "additional_framework_parameters",
    "channel_input_dirs",
    "hyperparameters",
    "is_master",
    "job_name",
    "master_hostname",
}


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
    folders: Folders, code: Path, program: str, hyperparameters: Mapping[str, str], arguments: Sequence[str]
) -> dict[str, str]:
    """Return the SM_* variables, with the toolkit's names.

    Args:
        folders: the folders of the job.
        code: the folder of the code.
        program: the program's path in it.
        hyperparameters: the job's.
        arguments: the program's.

    SM_HP_* hold the strings as they were sent. In SM_HPS, which is JSON, a string that is valid JSON (a number, true,
    false, null, a list or an object) is decoded.
    """
    environment = _training_environment(folders, code, program, hyperparameters)
    variables = {f"SM_{key.upper()}": _as_text(value) for key, value in environment.items() if key not in UNMAPPED_KEYS}
    variables |= {f"SM_CHANNEL_{name.upper()}": path for name, path in environment["channel_input_dirs"].items()}
    variables |= {f"SM_HP_{name.upper()}": value for name, value in hyperparameters.items()}
    return variables | {
        "SM_FRAMEWORK_PARAMS": _as_text(environment["additional_framework_parameters"]),
        "SM_HPS": _as_text(environment["hyperparameters"]),
        "SM_TRAINING_ENV": _as_text(environment),
        "SM_USER_ARGS": _as_text(list(arguments)),
    }


def _training_environment(
    folders: Folders, code: Path, program: str, hyperparameters: Mapping[str, str]
) -> dict[str, Any]:
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
        "module_dir": str(code),
        "module_name": program.removesuffix(".py"),
        "network_interface_name": resources.get("network_interface_name") or "eth0",
        "num_cpus": os.cpu_count() or 1,
        "num_gpus": gpus(),
        "output_data_dir": str(folders.output / "data"),
        "output_dir": str(folders.output),
        "output_intermediate_dir": str(folders.output / "intermediate"),
        "resource_config": resources,
        "user_entry_point": program,
    }


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


def gpus() -> int:
    """Count the GPUs of the container without TensorFlow, which would allocate their memory."""
    return sum(1 for device in Path("/dev").glob("nvidia*") if device.name.removeprefix("nvidia").isdigit())
