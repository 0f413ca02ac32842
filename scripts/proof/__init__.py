"""Kills a small training run at random moments, starts it again, and compares its end with one that was left alone."""

from scripts.proof.job import CHECKPOINT_STEPS, HOSTS_SECONDS, BrokenError, Job, Result, as_process
from scripts.proof.journey import Leg, travel, uninterrupted
from scripts.proof.kills import Kill, draw
from scripts.proof.words import HEADER, row, verdict

__all__ = [
    "CHECKPOINT_STEPS",
    "HEADER",
    "HOSTS_SECONDS",
    "BrokenError",
    "Job",
    "Kill",
    "Leg",
    "Result",
    "as_process",
    "draw",
    "row",
    "travel",
    "uninterrupted",
    "verdict",
]
