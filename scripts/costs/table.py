"""The committed prices (prices.toml): of a region, with the date and the public source of each."""

import json
import tomllib
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("prices.toml")


@dataclass(frozen=True)
class RegionPrices:
    """Prices on demand in one region.

    Args:
        date: when they were valid, such as ``2023-12`` or ``2026-11-29``.
        source: the address where they were found.
        hour: USD per instance and hour of training, by instance type.
    """

    date: str
    source: str
    hour: dict[str, float]


@lru_cache(maxsize=1)
def read() -> dict[str, RegionPrices]:
    """The prices by region. Prices from an address that is not public (the local cloud's Price List) do not count."""
    content = tomllib.loads(FILE.read_text(encoding="utf-8"))
    found = {region: RegionPrices(**values) for region, values in content.items()}
    return {region: prices for region, prices in found.items() if prices.source.startswith("https://")}


def with_region(text: str, region: str, hour: dict[str, float], source: str, today: date) -> str:
    """The text of prices.toml with the prices of one region replaced.

    Args:
        text: the file as it is; the comment at its head stays.
        region: the region.
        hour: its prices.
        source: where they were found.
        today: when.
    """
    head = text[: text.find("\n[")] if "\n[" in text else text
    content: dict[str, Any] = tomllib.loads(text)
    content[region] = {"date": today.isoformat(), "source": source, "hour": hour}
    return head.rstrip("\n") + "\n" + "".join(_section(name, content[name]) for name in sorted(content))


def _section(region: str, values: dict[str, Any]) -> str:
    prices = "".join(f"{json.dumps(kind)} = {values['hour'][kind]}\n" for kind in sorted(values["hour"]))
    about = "".join(f"{key} = {json.dumps(values[key])}\n" for key in ("date", "source"))
    return f"\n[{region}]\n{about}\n[{region}.hour]\n{prices}"
