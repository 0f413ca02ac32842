"""Interrupts a job of a job file on SageMaker's stand-in, and compares it with two uninterrupted runs."""

from scripts.job_proof.proving import as_spot, prove

__all__ = ["as_spot", "prove"]
