"""`make plan`: plans the stack, saves and reviews the plan. Also reviews any other plan, from a file or a pipe."""

import gc
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.core import console, verb
from scripts.core.errors import UserError, nearest

if TYPE_CHECKING:
    from scripts.review.model import Review, Severity

APP = verb.app("Plan the stack and review the plan, or review any plan.")

FOUND = 3
"""The exit code if a plan adds findings of the severity --fail-on or above."""

Environment = Annotated[str, typer.Option("--env", envvar="ENV_TEXT", help="A name in terraform/environments/.")]
Yes = Annotated[bool, typer.Option("--yes", envvar="YES_TEXT", help="Create a missing state bucket without asking.")]


@APP.command()
def stack(environment: Environment = "dev", yes: Yes = False) -> None:
    """Plan the changes of `make infra`, save the plan and review it."""
    from scripts.stack import flows

    flows.plan(environment, yes)


@APP.command()
def review(
    plans: Annotated[list[str], typer.Argument(help="Outputs of `terraform show -json`, saved plans, or - for stdin.")],
    out: Annotated[Path | None, typer.Option(help="Write review.md, review.html and review.json there.")] = None,
    fail_on: Annotated[str, typer.Option(help="Exit with 3 if a plan adds a finding of this severity or above.")] = "",
    account: Annotated[str, typer.Option(help="The account that the plans are for: 12 digits.")] = "",
) -> None:
    """Review any plans, without credentials or network; print Markdown, or write the pages.

    Exit codes: 0 reviewed, 2 an error such as a file that is not a plan, 3 a plan adds a finding of --fail-on or above.
    """
    from scripts.review import pages, render

    limit = _severity(fail_on) if fail_on else None
    if account and not re.fullmatch(r"\d{12}", account):
        raise UserError(f"--account {account} is not the number of an account.", "Give its 12 digits.")
    gc.disable()  # millions of values stay in use: garbage collection would take a fifth of the time
    reviews = _reviews(plans, account)
    if out is None:
        console.say(render.markdown(reviews))
    else:
        written = pages.write(out, reviews)
        for one in reviews:
            for line in render.terminal(one, written if one is reviews[-1] else ()):
                console.say(line)
    gc.freeze()  # so that Python does not examine them all once more when it exits
    if limit is not None:
        _fail_on(limit, reviews)


def _reviews(plans: list[str], account: str) -> list["Review"]:
    from scripts.review import reading, settings
    from scripts.review.review import review as reviewed

    chosen = settings.read(Path("review.toml"))
    named = ((name, "stdin" if name == "-" else name) for name in plans)
    return [reviewed(reading.read(_text(name), source, account), chosen) for name, source in named]


def _text(name: str) -> str:
    """The JSON of a plan; for a saved plan, Terraform's JSON of it."""
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise UserError(
            f"{name} cannot be read: {error.strerror}.",
            "Name a saved plan, an output of `terraform show -json`, or - for stdin.",
        ) from None
    if content.startswith(b"PK\x03\x04") and name != "-":
        from scripts.stack import show

        return show.plan_json(Path(name))
    utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))  # the encoding of redirected output in PowerShell
    return content.decode("utf-16" if utf16 else "utf-8", errors="replace")


def _severity(name: str) -> "Severity":
    from scripts.review.model import Severity

    known = {each.name.lower(): each for each in Severity}
    if name.lower() not in known:
        like = nearest(name, known)
        meant = f" Did you mean `{like}`?" if like else ""
        raise UserError(f"--fail-on {name} is not a severity.{meant}", f"Severities: {', '.join(known)}.")
    return known[name.lower()]


def _fail_on(limit: "Severity", reviews: list["Review"]) -> None:
    from scripts.review.model import Status

    brought = [each for one in reviews for each in one.findings if each.status is Status.NEW and each.severity >= limit]
    if brought:
        plural = "finding" if len(brought) == 1 else "findings"
        console.warn(f"{len(brought)} new {plural} at {limit.name.lower()} or above.")
        raise typer.Exit(FOUND)


if __name__ == "__main__":
    verb.run(APP)
