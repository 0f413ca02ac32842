"""Writes the text of a new job file."""

import json

from scripts.jobfile.script import Argument, Scalar, Script

SCHEMA_LINE = "#:schema ../scripts/jobfile/job.schema.json"
"""For editors; the path is relative to jobs/: https://taplo.tamasfe.dev/configuration/directives.html"""
NUMBER = "([-+0-9.einfa]+)"


def job_file(name: str, code: str, program: str, script: Script) -> str:
    """The text of jobs/NAME.toml for a program of one's own.

    Args:
        name: the job file's name.
        code: the folder of the code, as the file should name it.
        program: the program's path in it.
        script: what the program says about its job.
    """
    parts = [
        SCHEMA_LINE,
        "# Written by `make new`; docs/jobs.md describes each key.",
        f"code = {_toml(code)}",
        f"program = {_toml(program)}",
        'instance_type = "ml.m5.xlarge" # a CPU; "ml.g4dn.xlarge" has a GPU, and a new account may run none of it',
        "max_runtime_seconds = 3600 # SageMaker stops the job then",
        "# network_isolation = true # if the program needs no network",
        *_hyperparameters(script.arguments),
        *(line for channel in script.channels for line in _channel(name, channel)),
        *_metrics(script.metrics),
    ]
    return "\n".join(parts) + "\n"


def _hyperparameters(arguments: tuple[Argument, ...]) -> list[str]:
    if not arguments:
        return []
    lines = ["", "# The program's arguments, with its own defaults. Remove the # before what the job should set."]
    lines.append("[hyperparameters]")
    for one in arguments:
        if one.flag:
            lines.append(f"# {_key(one.name)}: a flag, which takes no value; SageMaker always passes one")
        elif one.default is None:
            lines.append(f"# {_key(one.name)} = ")
        else:
            lines.append(f"# {_key(one.name)} = {_toml(one.default)}")
    return lines


def _channel(name: str, channel: str) -> list[str]:
    source = _toml(f"data/{name}/{channel}")
    return ["", f"[channels.{_key(channel)}]", f"source = {source} # a folder of this machine, or s3://bucket/prefix/"]


def _metrics(names: tuple[str, ...]) -> list[str]:
    if not names:
        return []
    lines = ["", "# Keras prints such a line for each epoch, if `fit` has verbose=2.", "[metrics]"]
    return [*lines, *(f"{_key(name)} = {_toml(f' {name}: {NUMBER}')}" for name in names)]


def _key(name: str) -> str:
    """A key of TOML: bare if it may be."""
    return name if name.replace("-", "").replace("_", "").isalnum() and name.isascii() else _toml(name)


def _toml(value: Scalar) -> str:
    """A value of TOML: its strings with JSON's escapes, which TOML knows too."""
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
