"""Sources and programs that other tools accept and a job file does not, with what to write instead."""

import re

from pydantic_core import PydanticCustomError

HTTPS_OF_S3 = re.compile(
    r"https?://((?P<host>[a-z0-9.\-]+)\.)?s3[a-z0-9.\-]*\.amazonaws\.com/(?P<path>[^?]*)(\?.*)?", re.IGNORECASE
)
PROGRAM = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./\-]*\.(py|sh)")
ARN = re.compile(r"arn:[a-z\-]+:s3:::(?P<place>.+)")
URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*):/+(?P<rest>.*)", re.DOTALL)
NOT_S3 = "an S3 source is s3://bucket/prefix/"


def check_source(source: str) -> str:
    """Return a source unchanged.

    Raises:
        PydanticCustomError: it is neither a folder nor ``s3://…``. Its context has the fix.
    """
    url = URL.fullmatch(source)
    scheme, rest = (url["scheme"].lower(), url["rest"]) if url else ("", "")
    if source != source.strip():
        raise _mistake("it begins or ends with a space", f'Write "{source.strip()}".')
    if source.startswith(("~", "$")):
        raise _mistake(
            "nothing expands ~ and variables in a job file", "Write the path itself, from / or from this folder."
        )
    if scheme == "file":
        raise _mistake("a folder is named by its path, not by a URL", f'Write "/{rest.removeprefix("localhost/")}".')
    if scheme in {"s3a", "s3n"} or (scheme == "s3" and not source.startswith("s3://")):
        raise _mistake(NOT_S3, f'Write "s3://{rest}".')
    if found := ARN.fullmatch(source):
        raise _mistake(NOT_S3, f'Write "s3://{found["place"]}".')
    if found := HTTPS_OF_S3.fullmatch(source):
        place = "/".join(filter(None, [found["host"], found["path"]]))
        raise _mistake(NOT_S3, f'Write "s3://{place}".')
    if scheme and scheme != "s3":
        raise _mistake(
            f"SageMaker does not read {scheme}:// sources",
            "Download the data into a folder and name the folder, or copy them to S3: s3://bucket/prefix/.",
        )
    return source


def check_code(folder: str) -> str:
    """Return the folder of a job's code unchanged.

    Raises:
        PydanticCustomError: it is not written as a path. Its context has the fix.
    """
    if URL.fullmatch(folder):
        raise _mistake(
            "a job's code is a folder of this machine", "Name the folder; `make image` copies it into the image."
        )
    return check_source(folder)


def check_program_name(program: str) -> str:
    """Return a program's name unchanged.

    Raises:
        PydanticCustomError: it is not the path of a .py or .sh file in the folder of the code. Its context has the fix.
    """
    if PROGRAM.fullmatch(program):
        return program
    name = program.rpartition("trainer/")[2].removeprefix("./")
    fix = f'Write program = "{name}".' if PROGRAM.fullmatch(name) else "Put a .py or .sh file there, and name that."
    raise _mistake("a program is named by its path below the folder of its code, trainer/ or that of the key code", fix)


def _mistake(problem: str, fix: str) -> PydanticCustomError:
    return PydanticCustomError("mistake", problem, {"fix": fix})  # type: ignore[arg-type,unused-ignore] # a literal
