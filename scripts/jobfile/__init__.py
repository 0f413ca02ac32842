"""Reads a job file, jobs/NAME.toml, into a valid JobSpec, with its hyperparameters and local folders."""

from scripts.jobfile.hyperparameters import as_texts, describe_trainer, read_assignments, resolve_hyperparameters
from scripts.jobfile.inputs import check_program, local_channels
from scripts.jobfile.lists import read_lists
from scripts.jobfile.reading import read_job, with_instances

__all__ = [
    "as_texts",
    "check_program",
    "describe_trainer",
    "local_channels",
    "read_assignments",
    "read_job",
    "read_lists",
    "resolve_hyperparameters",
    "with_instances",
]
