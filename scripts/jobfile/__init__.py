"""A job file, jobs/NAME.toml, to a JobSpec: validated, with its hyperparameters and the folders that it names."""

from scripts.jobfile.hyperparameters import as_texts, describe_trainer, read_assignments, settle
from scripts.jobfile.inputs import check_program, local_channels
from scripts.jobfile.reading import read_job, with_instances

__all__ = [
    "as_texts",
    "check_program",
    "describe_trainer",
    "local_channels",
    "read_assignments",
    "read_job",
    "settle",
    "with_instances",
]
