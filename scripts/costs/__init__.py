"""What jobs cost, and what they may: prices, the highest cost of a request, quotas."""

from scripts.costs.arithmetic import cost
from scripts.costs.estimate import Cap, cap_of, check, cost_line, started_price, stated_by, with_tags
from scripts.costs.quotas import check as check_quotas
from scripts.costs.renewal import renew, write

__all__ = [
    "Cap",
    "cap_of",
    "check",
    "check_quotas",
    "cost",
    "cost_line",
    "renew",
    "started_price",
    "stated_by",
    "with_tags",
    "write",
]
