"""The command that reviews plans: `python -m scripts.plan review`, and alone as `trainyard-review`.

It starts fast: what reviews is imported when the command runs, not for `--help`.
"""

import gc
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..core import console, disk, program
from ..core.errors import UserError, nearest

if TYPE_CHECKING:
    from .model import Review, Severity

FOUND = 3
"""The exit code if a plan adds findings of the severity --fail-on or above."""

SETTINGS = "review.toml"

CONFIG_HELP = "Which rules are off; else the nearest review.toml above each plan, else none."

SavedPlan = Callable[[Path], str]
"""Gives the JSON of a saved plan."""


def command(saved_plan: SavedPlan | None = None) -> click.Command:
    """The command that reviews plans.

    Args:
        saved_plan: reads a saved plan with Terraform; without it, a saved plan is an error.
    """

    @click.command()
    @click.argument("plans", nargs=-1, required=True)
    @click.option("--out", type=click.Path(path_type=Path), help="Write review.md, .html, .json and .sarif there.")
    @click.option("--fail-on", default="", help="Exit with 3 if a plan adds a finding of this severity or above.")
    @click.option("--account", default="", help="The account that the plans are for: 12 digits.")
    @click.option("--config", type=click.Path(path_type=Path), help=CONFIG_HELP)
    def review(plans: tuple[str, ...], out: Path | None, fail_on: str, account: str, config: Path | None) -> None:
        """Review any plans, without credentials or network; print Markdown, or write the pages.

        PLANS are outputs of `terraform show -json`, saved plans, or - for stdin.

        Exit codes: 0 reviewed, 2 an error such as a file that is not a plan, 3 a plan adds a finding of --fail-on or
        above.
        """
        limit = _severity(fail_on) if fail_on else None
        if account and not re.fullmatch(r"\d{12}", account):
            raise UserError(f"--account {account} is not the number of an account.", "Give its 12 digits.")
        gc.disable()  # millions of values stay in use: garbage collection would take a fifth of the time
        reviews = list(_reviews(plans, account, config, saved_plan))
        _write(reviews, out)
        gc.freeze()  # so that Python does not examine them all once more when it exits
        if limit is not None:
            _fail_on(limit, reviews)

    return review


def main() -> None:
    """Run `trainyard-review`."""
    program.run(command(), disk.explained, "Interrupted. Run the same command to start over.")


def _reviews(
    plans: Sequence[str], account: str, config: Path | None, saved_plan: SavedPlan | None
) -> Iterator["Review"]:
    from . import reading, settings
    from .review import review

    if config is not None and not config.is_file():
        raise UserError(f"--config {config} is not a file.", f"Name a {SETTINGS}, or leave --config out.")
    for name in plans:
        source = "stdin" if name == "-" else name
        text = _text(name, source, saved_plan)
        folder = Path.cwd() if name == "-" else Path(name).absolute().parent
        rules_off = settings.read(config or _nearest_settings(folder))
        try:
            reviewed = review(reading.read(text, source, account), rules_off)
        except RecursionError:  # values that are nested hundreds of levels deep
            raise reading.unreadable(source) from None
        yield reviewed


def _write(reviews: list["Review"], out: Path | None) -> None:
    from . import pages, render

    if out is None:
        console.say(render.markdown(reviews))
        return
    try:
        written = pages.write(out, reviews, with_sarif=True)
    except (FileExistsError, IsADirectoryError, NotADirectoryError) as error:
        raise UserError(
            f"The pages cannot be written to {out}: {error.filename} is in the way.", "Name another folder with --out."
        ) from None
    for one in reviews:
        for line in render.terminal(one, written if one is reviews[-1] else ()):
            console.say(line)


def _text(name: str, source: str, saved_plan: SavedPlan | None) -> str:
    """The JSON of a plan; for a saved plan, Terraform's JSON of it."""
    from . import reading

    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise UserError(
            f"{name} cannot be read: {error.strerror}.",
            "Name a saved plan, an output of `terraform show -json`, or - for stdin.",
        ) from None
    if content.startswith(reading.SAVED_PLAN) and name != "-" and saved_plan is not None:
        return saved_plan(Path(name))
    return reading.decoded(content, source)


def _nearest_settings(folder: Path) -> Path:
    """The review.toml in a folder or the nearest one above, within its git repository; else one that does not exist."""
    for each in (folder, *folder.parents):
        if (each / SETTINGS).is_file() or (each / ".git").exists():
            return each / SETTINGS
    return folder / SETTINGS


def _severity(name: str) -> "Severity":
    from .model import Severity

    known = {each.name.lower(): each for each in Severity}
    if name.lower() not in known:
        like = nearest(name, known)
        meant = f" Did you mean `{like}`?" if like else ""
        raise UserError(f"--fail-on {name} is not a severity.{meant}", f"Severities: {', '.join(known)}.")
    return known[name.lower()]


def _fail_on(limit: "Severity", reviews: list["Review"]) -> None:
    from .model import Status

    brought = [each for one in reviews for each in one.findings if each.status is Status.NEW and each.severity >= limit]
    if brought:
        plural = "finding" if len(brought) == 1 else "findings"
        console.warn(f"{len(brought)} new {plural} at {limit.name.lower()} or above.")
        raise SystemExit(FOUND)


if __name__ == "__main__":
    main()
