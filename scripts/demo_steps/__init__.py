"""The steps of `make demo`: each runs a command with its output in a log, and shows the essential lines of it."""

from scripts.demo_steps.alone import alone
from scripts.demo_steps.process import Step, indented, run

__all__ = ["Step", "alone", "indented", "run"]
