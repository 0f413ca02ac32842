"""The lines that training prints."""

from collections.abc import Mapping


def epoch_line(values: Mapping[str, float]) -> str:
    """Return one line of ``name=number`` words, in the order of ``values``, such as ``epoch=1 loss=0.25``."""
    return " ".join(f"{name}={_number(value)}" for name, value in values.items())


def _number(value: float) -> str:
    if isinstance(value, int):
        return str(value)
    return f"{value:.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.4g}"


def duration(seconds: float) -> str:
    """Format a duration for people: 50 s, 14 min, 3 h 20 min."""
    minutes = round(seconds / 60)
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
