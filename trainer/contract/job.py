"""A training job, read from hyperparameters.json, the SM_* variables and the command line.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo.html

A job finds its input in /opt/ml (or SAGEMAKER_BASE_DIR) and writes its results there. Each argument about the
environment defaults to its SM_* variable, then to the value in /opt/ml. So the same program runs in a container, as a
process beside others, and by hand.
"""

import argparse
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from trainer.contract import hyperparameters
from trainer.contract.declaration import nearest
from trainer.contract.folders import Folders, read_hyperparameters
from trainer.contract.hyperparameters import Hyperparameters
from trainyard.checkpoints.job_folder import job_folder
from trainyard.errors import JobError


@dataclass(frozen=True)
class Job:
    """One job: its hyperparameters, folders and hosts. A channel that the job does not have is None.

    ``given`` names the hyperparameters that the job sets; the others have their defaults.
    """

    hyperparameters: Hyperparameters
    given: frozenset[str]
    training: Path
    validation: Path | None
    weights: Path | None
    model_dir: Path
    output_data_dir: Path
    checkpoint_dir: Path
    instance_type: str
    hosts: tuple[str, ...]
    current_host: str


def read_job(folders: Folders, arguments: Sequence[str], environ: Mapping[str, str]) -> Job:
    """Read a job from hyperparameters.json and the command line; the command line overrides the file.

    Raises:
        JobError: a hyperparameter is unknown, its value is not allowed, the channel `training` is missing, or the hosts
            are wrong.
    """
    values = read_hyperparameters(folders)
    for name in values:
        if name not in hyperparameters.NAMES:
            raise _unknown(name, hyperparameters.NAMES)
    parser = _parser(folders, environ)
    parsed, extra = parser.parse_known_args([*(f"--{name}={value}" for name, value in values.items()), *arguments])
    if extra:
        raise _unknown(extra[0].partition("=")[0].lstrip("-"), parser.names)
    settings = hyperparameters.from_namespace(parsed)
    _check_validation(settings, has_channel=parsed.validation is not None)
    if parsed.model_dir != folders.model:
        print(f"warning: the model goes to {parsed.model_dir}, but SageMaker keeps only the files in {folders.model}")
    return Job(
        hyperparameters=settings,
        given=hyperparameters.given_names(parsed),
        training=_channel(parsed.training, "training"),
        validation=_channel(parsed.validation, "validation") if parsed.validation else None,
        weights=_channel(parsed.weights, "weights") if parsed.weights else None,
        model_dir=parsed.model_dir,
        output_data_dir=parsed.output_data_dir,
        checkpoint_dir=job_folder(parsed.checkpoint_dir, folders.config / "hyperparameters.json", environ),
        instance_type=parsed.current_instance_type,
        hosts=parsed.hosts,
        current_host=_current_host(parsed.current_host, parsed.hosts),
    )


def _check_validation(settings: Hyperparameters, has_channel: bool) -> None:
    """Check that the hyperparameters about validation fit the channels.

    Raises:
        JobError: they do not.
    """
    if has_channel and settings.validation_split:
        raise JobError(
            f"validation_split={settings.validation_split:g} would take validation images from the training images, "
            "but the job has the channel validation.",
            "Leave validation_split out, or remove the channel.",
        )
    if settings.patience and not has_channel and not settings.validation_split:
        raise JobError(
            f"patience={settings.patience} needs validation images, and the job has none.",
            "Add the channel validation, set validation_split=0.2, or leave patience out.",
        )


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser that raises JobError. argparse itself would exit with 2 and write no failure file."""

    @property
    def names(self) -> list[str]:
        return [option.lstrip("-") for action in self._actions for option in action.option_strings]

    def error(self, message: str) -> NoReturn:
        raise JobError(message[:1].upper() + message[1:])


def _parser(folders: Folders, environ: Mapping[str, str]) -> _Parser:
    parser = _Parser(prog="python -m trainer train", allow_abbrev=False)
    hyperparameters.add_arguments(parser)
    resources = folders.read_config("resourceconfig.json")
    checkpoints = folders.read_config("checkpointconfig.json").get("LocalPath") or folders.base / "checkpoints"
    group = parser.add_argument_group("environment")

    def add(name: str, variable: str, fallback: object, kind: Callable[[str], Any], text: str) -> None:
        # argparse converts a default that is a string like any value; an absent channel stays None.
        default = environ.get(variable) or (None if fallback is None else str(fallback))
        group.add_argument(f"--{name}", type=kind, default=default, help=f"{text} (default: {variable}, or {default})")

    def channel(name: str) -> Path | None:
        path = folders.channels / name
        return path if path.is_dir() else None

    add("training", "SM_CHANNEL_TRAINING", folders.channels / "training", Path, "folder per label")
    add("validation", "SM_CHANNEL_VALIDATION", channel("validation"), Path, "folder per label; not used to train")
    add("weights", "SM_CHANNEL_WEIGHTS", channel("weights"), Path, "folder with one file of initial weights")
    add("model-dir", "SM_MODEL_DIR", folders.model, Path, "becomes model.tar.gz")
    add("output-data-dir", "SM_OUTPUT_DATA_DIR", folders.output / "data", Path, "becomes output.tar.gz")
    add("checkpoint-dir", "SM_CHECKPOINT_DIR", checkpoints, Path, "copied to S3 while the job runs")
    add("hosts", "SM_HOSTS", json.dumps(resources.get("hosts") or ["localhost"]), _hosts, "JSON list of hosts")
    add("current-host", "SM_CURRENT_HOST", resources.get("current_host"), str, "name of this host in the list")
    instance = resources.get("current_instance_type", "local")
    add("current-instance-type", "SM_CURRENT_INSTANCE_TYPE", instance, str, "instance type of this host")
    return parser


def _hosts(text: str) -> tuple[str, ...]:
    try:
        names = json.loads(text)
    except ValueError:
        names = None
    if not isinstance(names, list) or not names or not all(isinstance(host, str) for host in names):
        raise argparse.ArgumentTypeError(f'{text} is not a JSON list of hosts, such as ["algo-1", "algo-2"]')
    return tuple(names)


def _current_host(name: str | None, hosts: tuple[str, ...]) -> str:
    if name is None and len(hosts) == 1:
        return hosts[0]
    if name not in hosts:
        raise JobError(f"This host, {name}, is not one of the job's hosts: {', '.join(hosts)}.")
    return name


def _unknown(name: str, known: Sequence[str]) -> JobError:
    close = nearest(name, known)
    hint = f"did you mean {close}?" if close else f"the known ones are {', '.join(hyperparameters.NAMES)}."
    return JobError(f"Unknown hyperparameter {name!r}: {hint}")


def _channel(path: Path, name: str) -> Path:
    if not path.is_dir():
        raise JobError(f"The channel {name!r} is missing: the folder {path} does not exist (by hand: --{name} FOLDER).")
    return path


def read_evaluation(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the arguments of ``evaluate``: ``model``, ``data`` and ``output``. If they are wrong, exit with 2."""
    parser = argparse.ArgumentParser(prog="python -m trainer evaluate", allow_abbrev=False)
    parser.add_argument("--model", type=Path, required=True, help="folder with model.keras and labels.json")
    parser.add_argument("--data", type=Path, required=True, help="folder per label")
    parser.add_argument(
        "--output", type=Path, help="folder for the whole report: metrics, confusion matrix, predictions"
    )
    return parser.parse_args(arguments)


def read_prediction(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the arguments of ``predict``: ``model``, a folder, and ``images``, files. If they are wrong, exit with 2."""
    parser = argparse.ArgumentParser(prog="python -m trainer predict", allow_abbrev=False)
    parser.add_argument("--model", type=Path, required=True, help="folder with model.keras and labels.json")
    parser.add_argument("images", type=Path, nargs="+", metavar="IMAGE", help="image file")
    return parser.parse_args(arguments)


def read_preview(arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """Read the argument ``output`` of ``preview``, a file; return it and the other arguments, which are a job's."""
    parser = argparse.ArgumentParser(prog="python -m trainer preview", allow_abbrev=False, add_help=False)
    parser.add_argument("--output", type=Path, default=Path("preview.png"))
    return parser.parse_known_args(arguments)


def check_gpu(instance_type: str, gpus: int, environ: Mapping[str, str]) -> None:
    """Refuse to train on the CPU of an instance that has a GPU: the price includes the GPU.

    Raises:
        JobError: the instance type has GPUs, none is visible, and TRAINER_WITHOUT_GPU is not `allow`.
    """
    if gpus or not re.match(r"ml\.[gp]\d", instance_type) or environ.get("TRAINER_WITHOUT_GPU") == "allow":
        return
    raise JobError(
        f"{instance_type} has a GPU, but none is visible: is the image built for GPUs? "
        "To train on the CPU anyway, set TRAINER_WITHOUT_GPU=allow in the job's environment."
    )
