"""Writes the job file with a tuning's best values: the tuning's own job file, with other hyperparameters. Pure."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from scripts.jobfile.hyperparameters import as_text, encode
from scripts.jobfile.reading import LONGEST_NAME
from scripts.tuning.results import Range, Trial, Tuning

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

MARK = "# Written by `make tune`"
"""How such a file's first line begins, or its second one if the first names the schema."""
SCHEMA = "#:schema "
END = "-best"


def best_name(job_file: str) -> str:
    """The name of the job file with the best values of another one: ``digits-best``.

    It ends in a hyphen and a word, since a job file's name begins the names of its training jobs.
    """
    return job_file[: LONGEST_NAME - len(END)].rstrip("-") + END


def best_text(text: str, job_file: str, tuning: Tuning, best: Trial) -> str:
    """The text of the job file with the best values. Comments stay; the table [tuning] does not.

    Args:
        text: the text of the job file that the tuning was made from.
        job_file: its name.
        tuning: the tuning.
        best: its best trial.
    """
    import tomlkit

    document = tomlkit.parse(text.removeprefix("\ufeff"))
    ranges = (document.get("tuning") or {}).get("ranges") or {}
    document.pop("tuning", None)
    before = document.get("hyperparameters") or {}
    sent = {**tuning.fixed, **best.values}
    kinds = {one.name: one for one in tuning.ranges}
    changed = {
        name: _typed(value, before.get(name), (ranges.get(name) or {}).get("values") or (), kinds.get(name))
        for name, value in sent.items()
        if name not in before or as_text(before[name]) != value
    }
    _set(document, changed)
    value = "" if best.objective is None else f", {tuning.objective} {best.objective:.6g}"
    head = f"{MARK}: jobs/{job_file}.toml with the values of {best.job}{value}."
    body = tomlkit.dumps(document).lstrip()
    if not body.startswith(SCHEMA):
        return f"{head}\n{body}"
    schema, _, rest = body.partition("\n")  # editors look for it in the first line
    return f"{schema}\n{head}\n{rest}"


def was_written(text: str) -> bool:
    """Whether a job file is one that `make tune` wrote: only such a file is written again."""
    return any(line.startswith(MARK) for line in text.splitlines()[:2])


def _set(document: "TOMLDocument", changed: Mapping[str, Any]) -> None:
    """Change hyperparameters in place, and put new ones first in their table: comments stay in their places."""
    import tomlkit

    table = tomlkit.table()
    old = document.get("hyperparameters")
    for name, value in changed.items():
        if old is None or name not in old:
            table.add(name, value)
    if old is not None:
        for name in old:
            if name in changed:
                old[name] = changed[name]
        for key, item in old.value.body:
            if key is None:
                table.add(item)
            else:
                table.add(key, item)
    document["hyperparameters"] = table


def _typed(text: str, before: Any, values: Any, one: Range | None) -> Any:
    """A value as the job file would have it: that of its list, else of the type of before or of its range.

    Args:
        text: the value as SageMaker has it.
        before: the job file's value; None if it has none.
        values: ``values`` of the hyperparameter's table in the job file.
        one: its range; None if it was not searched.
    """
    for each in values:
        # tomlkit's numbers and texts are Python's own with the place in the file.
        plain = each.unwrap() if hasattr(each, "unwrap") else each
        if text in (as_text(plain), encode(as_text(plain), text=isinstance(plain, str))):
            return plain
    if isinstance(before, bool) and text in {"true", "false"}:
        return text == "true"
    number = before if isinstance(before, int | float) and not isinstance(before, bool) else None
    try:
        if (one is not None and one.kind == "integer") or isinstance(number, int):
            return int(float(text)) if float(text).is_integer() else float(text)
        if (one is not None and one.kind == "continuous") or isinstance(number, float):
            return float(text)
    except (ValueError, OverflowError):
        return text
    return _decoded(text)


def _decoded(text: str) -> Any:
    """What a text stands for if it is a number, a boolean or a text in JSON; else the text."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    same = isinstance(value, str) or (isinstance(value, bool | int | float) and as_text(value) == text)
    return value if same else text
