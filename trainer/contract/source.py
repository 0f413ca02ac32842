"""Which program runs instead of the trainer, and the folder with its code.

SageMaker's SDK names both in hyperparameters: ``sagemaker_program`` and ``sagemaker_submit_directory``.
https://github.com/aws/sagemaker-python-sdk/blob/v2.257.1/src/sagemaker/estimator.py
"""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from trainer.contract import archive, s3
from trainer.contract.folders import Folders
from trainer.contract.program_values import decode
from trainyard.errors import JobError

TRAINER_FOLDER = Path(__file__).resolve().parents[1]
OWN_PROGRAM = "__main__.py"
PROGRAM, DIRECTORY = "sagemaker_program", "sagemaker_submit_directory"


@dataclass(frozen=True)
class Source:
    """A program and its code.

    Args:
        program: the program's path in the folder of the code.
        named_by: the variable or hyperparameter that names it.
        directory: where the code is: ``s3://…``, an archive or a folder; empty if the image has it.
    """

    program: str
    named_by: str
    directory: str


def code_folder(environ: Mapping[str, str]) -> Path:
    """The image's code: the folder SAGEMAKER_SUBMIT_DIRECTORY, which the image sets; outside of it, the trainer's."""
    named = environ.get("SAGEMAKER_SUBMIT_DIRECTORY")
    return Path(named).resolve() if named and Path(named).is_dir() else TRAINER_FOLDER


def other_program(folders: Folders, environ: Mapping[str, str]) -> Source | None:
    """Return the other program; None if the trainer itself should run.

    Raises:
        JobError: the variable and the hyperparameter name two programs, or there is code without a program.
    """
    name = environ.get("SAGEMAKER_PROGRAM", "")
    if name == OWN_PROGRAM and code_folder(environ) == TRAINER_FOLDER:
        name = ""
    sent = folders.read_config("hyperparameters.json")
    by_sdk, directory = (_text(sent.get(key)) for key in (PROGRAM, DIRECTORY))
    if name and by_sdk and name != by_sdk:
        raise JobError(
            f"SAGEMAKER_PROGRAM names {name!r}, and the hyperparameter {PROGRAM} {by_sdk!r}.", "Name one program."
        )
    if directory and not (name or by_sdk):
        raise JobError(
            f"The hyperparameter {DIRECTORY} names code, but nothing names its program.",
            f"Set {PROGRAM} too (entry_point= in the SDK).",
        )
    if not name and not by_sdk:
        return None
    return Source(by_sdk or name, PROGRAM if by_sdk else "SAGEMAKER_PROGRAM", directory)


def _text(sent: object) -> str:
    return "" if sent is None else str(decode(str(sent)))


def fetch(source: Source, environ: Mapping[str, str], empty: Path) -> Path:
    """Return the folder with the program's code, which is the image's or ``empty``, filled.

    Args:
        source: the program.
        environ: the container's variables.
        empty: a folder without files.

    Raises:
        JobError: the code cannot be read, or its archive is not accepted.
    """
    image, directory = code_folder(environ), source.directory
    if not directory or Path(directory).resolve() == image:
        return image
    code = empty / "code"
    if directory.startswith("s3://"):
        packed = empty / "sourcedir.tar.gz"
        s3.download(directory, packed, environ)
        archive.unpack(packed, code, directory)
        packed.unlink()
    elif Path(directory).is_dir():
        shutil.copytree(directory, code)
    elif Path(directory).is_file():
        archive.unpack(Path(directory), code, directory)
    else:
        raise JobError(
            f"The hyperparameter {DIRECTORY} names {directory!r}, which is neither s3://… nor a file or folder here.",
            "With network isolation, the SDK sends the code in the channel `code`; give the job this channel.",
        )
    _install_requirements(code)
    return code


def _install_requirements(code: Path) -> None:
    """Install requirements.txt, as SageMaker's training toolkit does before it starts a program."""
    if (code / "requirements.txt").is_file():
        install(["-r", "requirements.txt"], code, "the packages of requirements.txt")


def install(arguments: list[str], code: Path, what: str) -> None:
    """Let pip install something of the code.

    Raises:
        JobError: pip fails; its message is in the log.
    """
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", *arguments]
    ended = subprocess.run(command, cwd=code, check=False).returncode
    if ended != 0:
        raise JobError(
            f"pip could not install {what} (exit code {ended}); the log has its message.",
            "With network isolation there is no package index: put the packages into the image.",
        )
