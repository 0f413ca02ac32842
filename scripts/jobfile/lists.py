"""The local lists of a job file's channels: which objects below its source a channel has, a path in each line."""

from pathlib import Path
from typing import TYPE_CHECKING

from scripts.channels import path_problem
from scripts.core.errors import UserError
from scripts.core.texts import read_text

if TYPE_CHECKING:
    from scripts.jobfile.spec import Channel, JobSpec


def read_lists(spec_name: str, spec: "JobSpec") -> dict[str, tuple[str, ...]]:
    """The paths in the local lists, by the name of the channel.

    Args:
        spec_name: the job file's name.
        spec: its content.

    Raises:
        UserError: a list cannot be read, is empty, names something twice, or a path that is not below the source.
    """
    found = {}
    for name, channel in spec.channels.items():
        if channel.list_file is not None:
            where = f"{channel.list_file} (channels.{name}.manifest of jobs/{spec_name}.toml)"
            paths = _read(channel.list_file, where)
            _check(paths, channel, where)
            found[name] = tuple(paths)
    return found


def _read(file: Path, where: str) -> list[str]:
    try:
        text = read_text(file, where)
    except OSError as error:
        raise UserError(
            f"{where} cannot be read: {error.strerror}.",
            "Write the file: a path below the channel's source in each line.",
        ) from None
    return [line.strip() for line in text.splitlines() if line.strip()]


def _check(paths: list[str], channel: "Channel", where: str) -> None:
    if not paths:
        raise UserError(f"{where} names nothing.", "Write a path below the channel's source in each line.")
    for path in paths:
        if problem := path_problem(path):
            raise UserError(f"{where} names {path!r}, which {problem}.", f"Name files below {channel.source}.")
        is_hidden = any(part.startswith(".") or part == "__MACOSX" for part in path.split("/"))
        if channel.folder is not None and (is_hidden or not (channel.folder / path).is_file()):
            what = "is hidden, so it is not uploaded" if is_hidden else f"is no file in {channel.folder}"
            raise UserError(f"{where} names {path!r}, which {what}.", f"Name files below {channel.source}.")
    if len(set(paths)) < len(paths):
        twice = next(path for path in paths if paths.count(path) > 1)
        raise UserError(f"{where} names {twice!r} twice.", "Name each object once.")
