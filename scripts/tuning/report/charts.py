"""The charts of the report, as SVG whose text is text and whose colours come from the page's style sheet.

pygal draws them: https://www.pygal.org. Its own styles and script stay out, because the page's security policy allows
only the page's own. A chart is drawn at the width at which it is shown, so that its text has the size of the page's.
The series of every chart have the same order: what all jobs did, the better quarter of them, the best one.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, tostring

from markupsafe import Markup

from scripts.core.printable import visible
from scripts.tuning.report.importance import Importance
from scripts.tuning.report.scales import position, ticks
from scripts.tuning.results import Range, Trial, Tuning, best_so_far, ranked

if TYPE_CHECKING:
    from pygal.graph.graph import Graph

NARROW, WIDE = 340, 960
"""Pixels: a phone's width without margins, and the page's."""
AXIS = 115
"""Pixels between two axes of the parallel coordinates."""
SPREAD = 20
"""If the largest objective is so many times the least, and all are positive, the axis is logarithmic."""
NAME, LABEL = 16, 9
"""So many characters of a name, and of a label on an axis, are shown."""
NOT_SHOWN = ("defs", "title", "desc")
FONT = 13


def minutes(tuning: Tuning, trial: Trial) -> float:
    """The minutes from the start of the tuning until a job ended."""
    return ((trial.ended or trial.created) - tuning.created).total_seconds() / 60


def over_time(tuning: Tuning, width: int) -> Markup:
    """Each job's objective by its `minutes`, and the best value until then."""
    line = best_so_far(tuning)
    height = _height(tuning)
    chart = _xy(width, 260, x_title="minutes since the start", max_scale=6)
    _label_heights(chart, tuning)
    jobs = [(minutes(tuning, trial), height(trial.objective or 0.0)) for trial, _ in line]
    chart.xrange = (0, max((minute for minute, _ in jobs), default=0) * 1.02)
    steps: list[tuple[float, float]] = []
    for trial, best in line:
        steps += [(minutes(tuning, trial), steps[-1][1])] if steps else []
        steps.append((minutes(tuning, trial), height(best)))
    chart.add("jobs", jobs, stroke=False)
    chart.add("best so far", steps, show_dots=False)
    chart.add("best", [(x, y) for (x, y), (trial, _) in zip(jobs, line, strict=True) if trial.job == tuning.best])
    return _svg(chart, "over-time")


def importance(found: Sequence[Importance]) -> Markup:
    """A bar for each hyperparameter, the most important at the top, with the range of its uncertainty."""
    import pygal

    chart = pygal.HorizontalBar(**_settings(NARROW, 60 + 34 * len(found)), range=(0, 1), max_scale=5, spacing=0)
    chart.value_formatter = lambda value: f"{value:.0%}"
    upwards = list(reversed(found))
    chart.x_labels = [_cut(one.name, NAME) for one in upwards]
    chart.add("", [{"value": one.share, "ci": {"low": one.low, "high": one.high}} for one in upwards])
    return _svg(chart, "importance")


def parallel(tuning: Tuning) -> Markup:
    """A line for each job through its values, to its objective at the right: the best at the top."""
    width = max(NARROW, AXIS * (len(tuning.ranges) + 1))
    names = [*(one.name for one in tuning.ranges), tuning.objective]
    chart = _xy(
        width,
        320,
        show_y_labels=False,
        print_labels=True,
        range=(-0.1, 1.1),  # room for the labels at both ends of an axis
        xrange=(-0.5, len(tuning.ranges) + 0.5),
        allow_interruptions=True,
    )
    chart.x_labels = [{"value": place, "label": _cut(name, NAME)} for place, name in enumerate(names)]
    values = _objectives(tuning)
    best, worst = (min(values), max(values)) if tuning.direction == "Minimize" else (max(values), min(values))

    def lines(trials: Iterable[Trial]) -> list[tuple[float | None, float | None]]:
        found: list[tuple[float | None, float | None]] = []
        for trial in trials:
            places = [position(one, trial.values.get(one.name, "")) for one in tuning.ranges]
            places.append((worst - (trial.objective or 0.0)) / (worst - best) if worst != best else 1.0)
            found += [(place, each) if each is not None else (None, None) for place, each in enumerate(places)]
            found.append((None, None))
        return found

    _add_groups(chart, tuning, lines, show_dots=False)
    labels = [(place, tick) for place, one in enumerate(tuning.ranges) for tick in ticks(one)]
    labels += [(len(tuning.ranges), (1.0, f"{best:.4g}"))]
    labels += [(len(tuning.ranges), (0.0, f"{worst:.4g}"))] if worst != best else []
    chart.add("", [{"value": (x, y), "label": _cut(text, LABEL)} for x, (y, text) in labels], stroke=False)
    return _svg(chart, "parallel")


def of_one(tuning: Tuning, one: Range) -> Markup:
    """Each job's objective by its value of one hyperparameter."""
    height = _height(tuning)
    chart = _xy(NARROW, 220, xrange=(0, 1))
    _label_heights(chart, tuning)
    chart.x_labels = [{"value": place, "label": _cut(text, LABEL)} for place, text in ticks(one)]

    def dots(trials: Iterable[Trial]) -> list[tuple[float | None, float | None]]:
        places = [(position(one, trial.values.get(one.name, "")), height(trial.objective or 0.0)) for trial in trials]
        return [(x, y) for x, y in places if x is not None]

    _add_groups(chart, tuning, dots, stroke=False)
    return _svg(chart, "of-one")


def _add_groups(
    chart: "Graph",
    tuning: Tuning,
    draw: Callable[[Iterable[Trial]], list[tuple[float | None, float | None]]],
    **settings: Any,
) -> None:
    """Add the jobs with an objective as three series: all but the better quarter, the rest of that, the best one."""
    known = [trial for trial in ranked(tuning) if trial.objective is not None]
    first, quarter = min(1, len(known)), max(1, len(known) // 4)
    for name, trials in (("jobs", known[quarter:]), ("better quarter", known[first:quarter]), ("best", known[:first])):
        chart.add(name, draw(trials), **settings)


def _height(tuning: Tuning) -> Callable[[float], float]:
    """Where an objective is on the vertical axis, which is logarithmic if the objectives differ by SPREAD."""
    # pygal's own logarithmic scale makes the horizontal axis logarithmic too.
    return math.log10 if _is_logarithmic(tuning) else lambda value: value


def _label_heights(chart: "Graph", tuning: Tuning) -> None:
    """Label a logarithmic axis; pygal labels a linear one."""
    if not _is_logarithmic(tuning):
        return
    values = _objectives(tuning)
    first, last = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    digits = (1, 2, 5) if last - first <= 3 else (1,)
    marks = [digit * 10.0**power for power in range(first, last + 1) for digit in digits]
    shown = [mark for mark in marks if min(values) <= mark <= max(values)]
    chart.y_labels = [{"value": math.log10(mark), "label": f"{mark:.4g}"} for mark in shown]


def _is_logarithmic(tuning: Tuning) -> bool:
    values = _objectives(tuning)
    return bool(values) and min(values) > 0 and max(values) / min(values) >= SPREAD


def _objectives(tuning: Tuning) -> list[float]:
    return [trial.objective for trial in tuning.trials if trial.objective is not None]


def _xy(width: int, height: int, **more: Any) -> "Graph":
    import pygal

    chart = pygal.XY(**_settings(width, height), **({"max_scale": 5} | more))
    chart.value_formatter = lambda value: f"{value:.4g}"
    chart.x_value_formatter = lambda value: f"{value:.3g}"
    return chart


def _settings(width: int, height: int) -> dict[str, Any]:
    from pygal.style import Style

    style = Style(label_font_size=FONT, major_label_font_size=FONT, title_font_size=FONT, value_label_font_size=FONT)
    sizes = {"width": width, "height": height, "margin": 8, "dots_size": 4, "truncate_label": -1, "style": style}
    return sizes | {"css": (), "js": (), "show_legend": False, "explicit_size": True, "disable_xml_declaration": True}


def _cut(text: str, length: int) -> str:
    shown = visible(text)
    return shown if len(shown) <= length else f"{shown[: length - 1]}…"


def _svg(chart: "Graph", kind: str) -> Markup:
    """The chart as an element of the page, hidden from screen readers: a table beside it has its numbers."""
    root: Element = chart.render_tree()
    for parent in list(root.iter()):
        for child in list(parent):
            unseen = not isinstance(child.tag, str) or child.tag.rpartition("}")[2] in NOT_SHOWN
            if unseen or "tooltip-overlay" in child.get("class", ""):
                parent.remove(child)
    root.attrib.pop("id", None)
    root.set("class", f"chart {kind}")
    root.set("aria-hidden", "true")
    return Markup(tostring(root, encoding="unicode"))  # noqa: S704 - ElementTree has escaped every text
