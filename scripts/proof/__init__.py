"""Kills a small training run at random moments, restarts it, and compares its result with an uninterrupted run."""

from scripts.proof.attempts import AttemptRecord, Timing, run_uninterrupted, run_with_kills
from scripts.proof.job import CHECKPOINT_STEPS, HOSTS_SECONDS, Job, ProofError, Result, start_process
from scripts.proof.kills import Kill, draw_kills, epochs_for
from scripts.proof.report import HEADER, attempt_row, compare

__all__ = [
    "CHECKPOINT_STEPS",
    "HEADER",
    "HOSTS_SECONDS",
    "AttemptRecord",
    "Job",
    "Kill",
    "ProofError",
    "Result",
    "Timing",
    "attempt_row",
    "compare",
    "draw_kills",
    "epochs_for",
    "run_uninterrupted",
    "run_with_kills",
    "start_process",
]
