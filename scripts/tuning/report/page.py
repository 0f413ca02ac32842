"""report.html: a tuning job as one page that needs no network, and runs nothing."""

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.core import console
from scripts.review.render import document
from scripts.tuning.lines import short_name
from scripts.tuning.report import charts, scales, words
from scripts.tuning.report.importance import importances
from scripts.tuning.results import Tuning, best_so_far, ranked

if TYPE_CHECKING:
    from jinja2 import Template

_HERE = Path(__file__).parent


def html(tuning: Tuning, defaults: words.Defaults | None, best_file: str | None) -> str:
    """Write the report.

    Args:
        tuning: the tuning job.
        defaults: a job with the defaults to compare with; None if there is none.
        best_file: the job file with the best values; None if there is none.

    Returns:
        A whole HTML document.
    """
    found = importances(tuning)
    return _template().render(
        tuning=tuning,
        defaults=defaults,
        best_file=best_file,
        trials=ranked(tuning),
        line=best_so_far(tuning),
        importances=found,
        about_importance=words.about_importance(tuning, found),
        headline=words.headline(tuning, defaults),
        remarks=words.remarks(tuning, defaults),
        charts=charts,
        words=words,
        css=document.styles(_HERE / "tuning.css"),
        script="",
    )


@cache
def _template() -> "Template":
    environment = document.environment(_HERE)
    environment.filters.update(shown=scales.shown, number=_number, duration=console.duration, moment=_moment)
    environment.globals.update(short_name=short_name)
    return environment.get_template("tuning.html.j2")


def _number(value: float) -> str:
    return f"{value:.4g}"


def _moment(value: datetime) -> str:
    return f"{value:%Y-%m-%d %H:%M} UTC"
