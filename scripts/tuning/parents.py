"""Checks the earlier tunings of a warm start, before anything is created.

https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-warm-start.html has the rules.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from scripts.core import aws
from scripts.core.errors import UserError
from scripts.training.preflight import unless_denied
from scripts.tuning.finding import describe
from scripts.tuning.results import ENDED

if TYPE_CHECKING:
    from scripts.jobfile.tuning_table import TuningTable


def check(table: "TuningTable", say: Callable[[str], None]) -> None:
    """Check that the earlier tunings exist and fit.

    Args:
        table: the table [tuning].
        say: prints what cannot be checked.

    Raises:
        UserError: one does not exist or does not fit.
    """
    names = table.warm_start.tunings if table.warm_start else ()
    for name in names:
        parent = unless_denied(f"the tuning {name}", partial(describe, aws.client("sagemaker"), name), say)
        if parent is not None:
            check_parent(parent, table.objective)


def check_parent(parent: Mapping[str, Any], objective: str) -> None:
    """Check that a new tuning can begin with an earlier one.

    Args:
        parent: the DescribeHyperParameterTuningJob response of the earlier one.
        objective: the objective of the new one.

    Raises:
        UserError: the earlier one runs, or has another objective.
    """
    name, status = parent["HyperParameterTuningJobName"], parent["HyperParameterTuningJobStatus"]
    if status not in ENDED:
        raise UserError(
            f"tuning.warm_start names {name}, which is {status}.",
            f"`make logs TUNING={name}` shows when it has ended, `make stop TUNING={name}` ends it.",
        )
    found = parent["HyperParameterTuningJobConfig"].get("HyperParameterTuningJobObjective", {}).get("MetricName")
    if found != objective:
        raise UserError(
            f"tuning.objective is {objective}, and that of {name} in tuning.warm_start is {found}.",
            "Take the same objective, or leave that tuning out.",
        )
