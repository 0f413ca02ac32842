"""Renews what is known about prices: the answer that is kept, and the committed table."""

import os
from datetime import date
from functools import partial
from pathlib import Path

from scripts.core.errors import UserError
from scripts.costs import answers, price_list, table


def renew(region: str) -> table.RegionPrices:
    """Ask the Price List for a region's prices, keep them, and forget the quotas that were looked up.

    Raises:
        UserError: AWS has no Price List for this region's partition, or no price for the region.
    """
    try:
        source = str(price_list.client().meta.endpoint_url)
    except LookupError:
        raise UserError(
            f"AWS has no Price List for the partition of {region}.", "State prices in job files: price_per_hour = …"
        ) from None
    answer = answers.keep(price_list.name(region), partial(price_list.ask, region))
    if not answer.values:
        raise UserError(
            f"AWS's Price List has no price for training in {region}.",
            "SageMaker may not train there; or state prices in job files: price_per_hour = …",
        )
    answers.forget("quotas-")
    return table.RegionPrices(f"{answer.at:%Y-%m-%d}", source, answer.values)


def write(region: str, prices: table.RegionPrices, today: date) -> Path:
    """Write a region's prices to the committed table, and return its path from here."""
    text = table.with_region(table.FILE.read_text(encoding="utf-8"), region, prices.hour, prices.source, today)
    table.FILE.write_text(text, encoding="utf-8")
    return Path(os.path.relpath(table.FILE))
