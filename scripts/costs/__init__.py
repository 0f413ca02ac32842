"""What jobs cost, and what they may: prices, the highest cost of a request, quotas."""

from scripts.costs.arithmetic import cost, kinds, longest_idle, with_pool, worst
from scripts.costs.estimate import (
    PRICING,
    Cap,
    at_most,
    cap_of,
    chain_line,
    check,
    cost_line,
    default_cap,
    described,
    spent,
    started_price,
    stated_by,
    unknown_price,
    usd,
    with_tags,
)
from scripts.costs.quotas import check as check_quotas
from scripts.costs.renewal import renew, write

__all__ = [
    "PRICING",
    "Cap",
    "at_most",
    "cap_of",
    "chain_line",
    "check",
    "check_quotas",
    "cost",
    "cost_line",
    "default_cap",
    "described",
    "kinds",
    "longest_idle",
    "renew",
    "spent",
    "started_price",
    "stated_by",
    "unknown_price",
    "usd",
    "with_pool",
    "with_tags",
    "worst",
    "write",
]
