"""Finds and removes what a stack's jobs and uploads left: it costs money or space, and nothing needs it any more."""

from scripts.leftovers.finding import find
from scripts.leftovers.model import KINDS, Leftover, counted, line, question, totals
from scripts.leftovers.removing import remove

__all__ = ["KINDS", "Leftover", "counted", "find", "line", "question", "remove", "totals"]
