"""The rules of the review: what of a plan deserves a reviewer's eye, one small function each."""

from scripts.review.rules.engine import findings
from scripts.review.rules.registry import RULES, Rule

__all__ = ["RULES", "Rule", "findings"]
