"""The arguments and variables that a program gets, as SageMaker's training toolkit would give them.

https://github.com/aws/sagemaker-training-toolkit/blob/master/ENVIRONMENT_VARIABLES.md
"""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trainer.contract.folders import Folders
from trainer.contract.program_values import ProgramValues
from trainyard.hosts.tf_config import tf_config

# The keys of SM_TRAINING_ENV that have no variable, or a variable with another name.
UNMAPPED_KEYS = {
    "additional_framework_parameters",
    "channel_input_dirs",
    "distribution_hosts",
    "hyperparameters",
    "is_master",
    "is_modelparallel_enabled",
    "is_smddpmprun_installed",
    "is_smddprun_installed",
    "job_name",
    "master_hostname",
    "topology",
}


def to_arguments(hyperparameters: Mapping[str, str]) -> list[str]:
    """Return hyperparameters as ``--name value``, and a name of one letter as ``-n value``, as the toolkit does.

    They are sorted by name, as there. If a value starts with ``-``, it is joined to its name, so that it is not read as
    an option.
    """
    arguments: list[str] = []
    for name, value in sorted(hyperparameters.items()):
        option, joined = (f"--{name}", "=") if len(name) > 1 else (f"-{name}", "")
        arguments += [f"{option}{joined}{value}"] if value.startswith("-") else [option, value]
    return arguments


def to_variables(
    folders: Folders, code: Path, program: str, hyperparameters: ProgramValues, arguments: Sequence[str]
) -> dict[str, str]:
    """Return the SM_* variables, with the toolkit's names, and TF_CONFIG if the program trains on all hosts.

    Args:
        folders: the folders of the job.
        code: the folder of the code.
        program: the program's path in it.
        hyperparameters: the job's.
        arguments: the program's.

    A JSON string in SM_HP_* is decoded; every other value there is JSON, and null is empty.
    """
    environment = _training_environment(folders, code, program, hyperparameters)
    variables = {f"SM_{key.upper()}": _as_text(value) for key, value in environment.items() if key not in UNMAPPED_KEYS}
    variables |= {f"SM_CHANNEL_{name.upper()}": path for name, path in environment["channel_input_dirs"].items()}
    if hyperparameters.multi_worker_mirrored:
        variables["TF_CONFIG"] = _as_text(tf_config(*folders.hosts()))
    variables |= {f"SM_HP_{name.upper()}": _as_text(value) for name, value in hyperparameters.values.items()}
    return variables | {
        "CURRENT_HOST": environment["current_host"],
        "SAGEMAKER_JOB_NAME": _as_text(hyperparameters.sagemaker.get("sagemaker_job_name")),
        "SAGEMAKER_REGION": _as_text(hyperparameters.sagemaker.get("sagemaker_region", os.environ.get("AWS_REGION"))),
        "SM_CHANNELS": _as_text(list(environment["channel_input_dirs"])),
        "SM_FRAMEWORK_PARAMS": _as_text(environment["additional_framework_parameters"]),
        "SM_HPS": _as_text(environment["hyperparameters"]),
        "SM_TRAINING_ENV": _as_text(environment),
        "SM_USER_ARGS": _as_text(list(arguments)),
    }


def _training_environment(folders: Folders, code: Path, program: str, hyperparameters: ProgramValues) -> dict[str, Any]:
    """Return the content of SM_TRAINING_ENV; most of its keys are separate variables too."""
    resources = folders.read_config("resourceconfig.json")
    inputs = folders.read_config("inputdataconfig.json")
    hosts, current = folders.hosts()
    channels = {name: str(folders.channels / name) for name in sorted(inputs or _folders_in(folders.channels))}
    groups = {group["instance_group_name"]: group for group in resources.get("instance_groups") or []}
    group = resources.get("current_group_name") or "homogeneousCluster"
    distributed = [group] if hyperparameters.multi_worker_mirrored else []
    return {
        "additional_framework_parameters": hyperparameters.framework,
        "channel_input_dirs": channels,
        "current_host": current,
        "current_instance_group": group,
        "current_instance_group_hosts": groups.get(group, {}).get("hosts", []),
        "current_instance_type": resources.get("current_instance_type") or "local",
        "distribution_hosts": [host for each in distributed for host in groups[each]["hosts"]] if groups else hosts,
        "distribution_instance_groups": distributed,
        "framework_module": os.environ.get("SAGEMAKER_TRAINING_MODULE"),
        "hosts": hosts,
        "hyperparameters": dict(hyperparameters.values),
        "input_config_dir": str(folders.config),
        "input_data_config": inputs,
        "input_dir": str(folders.base / "input"),
        "instance_groups": list(groups),
        "instance_groups_dict": groups,
        "is_hetero": len(groups) > 1,
        "is_master": current == hosts[0],
        "is_modelparallel_enabled": None,
        "is_smddpmprun_installed": False,
        "is_smddprun_installed": False,
        "job_name": os.environ.get("TRAINING_JOB_NAME"),
        "log_level": hyperparameters.sagemaker.get("sagemaker_container_log_level", 20),
        "master_hostname": hosts[0],
        "model_dir": str(folders.model),
        "module_dir": hyperparameters.sagemaker.get("sagemaker_submit_directory", str(code)),
        "module_name": program.removesuffix(".py"),
        "network_interface_name": resources.get("network_interface_name") or "eth0",
        "num_cpus": os.cpu_count() or 1,
        "num_gpus": gpus(),
        "num_neurons": neurons(),
        "output_data_dir": str(folders.output / "data"),
        "output_dir": str(folders.output),
        "output_intermediate_dir": str(folders.output / "intermediate"),
        "resource_config": resources,
        "topology": resources.get("topology", []),
        "user_entry_point": program,
    }


def _as_text(value: Any) -> str:
    """A string as it is, None as an empty text, every other value as the toolkit's compact JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))


def _folders_in(path: Path) -> list[str]:
    return [child.name for child in path.iterdir() if child.is_dir()] if path.is_dir() else []


def gpus() -> int:
    """Count the GPUs of the container without TensorFlow, which would allocate their memory."""
    return sum(1 for device in Path("/dev").glob("nvidia*") if device.name.removeprefix("nvidia").isdigit())


def neurons() -> int:
    """Count the Neuron cores of the container: ``neuron-ls`` lists them. Without this program there are none.

    https://awsdocs-neuron.readthedocs-hosted.com/en/latest/tools/neuron-sys-tools/neuron-ls.html
    """
    try:
        listed = subprocess.run(["neuron-ls", "-j"], capture_output=True, text=True, check=True).stdout
        return sum(device.get("nc_count", 0) for device in json.loads(listed))
    except (OSError, subprocess.CalledProcessError, ValueError):
        return 0
