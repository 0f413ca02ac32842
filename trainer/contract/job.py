"""A training job as our trainer reads it: from hyperparameters.json, the SM_* variables and the command line.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo.html

A job finds its input below /opt/ml (or SAGEMAKER_BASE_DIR) and leaves its results there. Each argument about
the environment defaults to its SM_* variable, then to what /opt/ml says, so the same program runs in a
container, as a process beside others, and by hand.
"""

import argparse
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from trainer.contract import hyperparameters
from trainer.contract.errors import JobError
from trainer.contract.folders import Folders, given_hyperparameters
from trainer.contract.hyperparameters import Hyperparameters


@dataclass(frozen=True)
class Job:
    """One job: what it was asked for and where its things are. None where a channel was not given."""

    hyperparameters: Hyperparameters
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
    """Read a job from hyperparameters.json and the command line, which wins.

    Raises:
        JobError: a hyperparameter is unknown or impossible, the channel `training` is missing, the hosts make no sense.
    """
    given = given_hyperparameters(folders)
    for name in given:
        if name not in hyperparameters.NAMES:
            raise _unknown(name, hyperparameters.NAMES)
    parser = _parser(folders, environ)
    parsed, extra = parser.parse_known_args([*(f"--{name}={value}" for name, value in given.items()), *arguments])
    if extra:
        raise _unknown(extra[0].partition("=")[0].lstrip("-"), parser.names)
    if parsed.model_dir != folders.model:
        print(f"warning: the model goes to {parsed.model_dir}; SageMaker keeps only what is in {folders.model}")
    return Job(
        hyperparameters=hyperparameters.from_namespace(parsed),
        training=_channel(parsed.training, "training"),
        validation=_channel(parsed.validation, "validation") if parsed.validation else None,
        weights=_channel(parsed.weights, "weights") if parsed.weights else None,
        model_dir=parsed.model_dir,
        output_data_dir=parsed.output_data_dir,
        checkpoint_dir=parsed.checkpoint_dir,
        instance_type=parsed.current_instance_type,
        hosts=parsed.hosts,
        current_host=_current_host(parsed.current_host, parsed.hosts),
    )


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser that raises where argparse would exit with 2, past the failure file."""

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

    def add(name: str, variable: str, otherwise: object, kind: Callable[[str], Any], text: str) -> None:
        # argparse reads a default that is a string as it reads a value; an absent channel stays None.
        default = environ.get(variable) or (None if otherwise is None else str(otherwise))
        group.add_argument(f"--{name}", type=kind, default=default, help=f"{text} (default: {variable}, or {default})")

    def channel(name: str) -> Path | None:
        path = folders.channels / name
        return path if path.is_dir() else None

    add("training", "SM_CHANNEL_TRAINING", folders.channels / "training", Path, "folder per label")
    add("validation", "SM_CHANNEL_VALIDATION", channel("validation"), Path, "folder per label, never trained on")
    add("weights", "SM_CHANNEL_WEIGHTS", channel("weights"), Path, "folder with one file of first weights")
    add("model-dir", "SM_MODEL_DIR", folders.model, Path, "becomes model.tar.gz")
    add("output-data-dir", "SM_OUTPUT_DATA_DIR", folders.output / "data", Path, "becomes output.tar.gz")
    add("checkpoint-dir", "SM_CHECKPOINT_DIR", checkpoints, Path, "kept in S3 while the job runs")
    add("hosts", "SM_HOSTS", json.dumps(resources.get("hosts") or ["localhost"]), _hosts, "JSON list of hosts")
    add("current-host", "SM_CURRENT_HOST", resources.get("current_host"), str, "this host, one of them")
    instance = resources.get("current_instance_type", "local")
    add("current-instance-type", "SM_CURRENT_INSTANCE_TYPE", instance, str, "instance type of this host")
    return parser


def _hosts(text: str) -> tuple[str, ...]:
    try:
        read = json.loads(text)
    except ValueError:
        read = None
    if not isinstance(read, list) or not read or not all(isinstance(host, str) for host in read):
        raise argparse.ArgumentTypeError(f'{text} is no JSON list of hosts, such as ["algo-1", "algo-2"]')
    return tuple(read)


def _current_host(name: str | None, hosts: tuple[str, ...]) -> str:
    if name is None and len(hosts) == 1:
        return hosts[0]
    if name not in hosts:
        raise JobError(f"This host, {name}, is none of the job's hosts: {', '.join(hosts)}.")
    return name


def _unknown(name: str, known: Sequence[str]) -> JobError:
    close = hyperparameters.nearest(name, known)
    hint = f"did you mean {close}?" if close else f"known are {', '.join(hyperparameters.NAMES)}."
    return JobError(f"Unknown hyperparameter {name!r}: {hint}")


def _channel(path: Path, name: str) -> Path:
    if not path.is_dir():
        raise JobError(f"The channel {name!r} is missing: there is no folder {path} (by hand: --{name} FOLDER).")
    return path


def read_evaluation(arguments: Sequence[str]) -> argparse.Namespace:
    """The arguments of ``evaluate``: ``model`` and ``data``, both folders. Exits with 2 where they are wrong."""
    parser = argparse.ArgumentParser(prog="python -m trainer evaluate", allow_abbrev=False)
    parser.add_argument("--model", type=Path, required=True, help="folder that training left: model.keras, labels.json")
    parser.add_argument("--data", type=Path, required=True, help="folder per label")
    return parser.parse_args(arguments)


def check_gpu(instance_type: str, gpus: int, environ: Mapping[str, str]) -> None:
    """Refuse to train on the CPU of an instance that is paid for its GPU.

    Raises:
        JobError: the instance type has GPUs, none is visible, and TRAINER_WITHOUT_GPU is not `allow`.
    """
    if gpus or not re.match(r"ml\.[gp]\d", instance_type) or environ.get("TRAINER_WITHOUT_GPU") == "allow":
        return
    raise JobError(
        f"{instance_type} has a GPU, but none is visible: is the image built for GPUs? "
        "TRAINER_WITHOUT_GPU=allow in the job's environment trains on the CPU all the same."
    )
