"""The table ``[tuning]`` of a job file: what `make tune` searches, and how far.

The limits are SageMaker's:
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateHyperParameterTuningJob.html and
https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-limits.html
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, model_validator
from pydantic_core import PydanticCustomError

from scripts.jobfile.values import Hyperparameter, Matching, MetricName, Usd

DAY = 24 * 3600
# AWS's guide has 30 days, its service model 15,768,000 s: a value within the smaller one passes whichever AWS enforces.
LONGEST_TUNING = 30 * DAY
MOST_PARALLEL = 100
LOGARITHMIC, REVERSE = "Logarithmic", "ReverseLogarithmic"
Number = Annotated[Any, Field(json_schema_extra={"type": "number"})]
TuningName = Annotated[
    str,
    Field(max_length=32),
    Matching(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*", "a tuning's name has at most 32 letters, digits and hyphens"),
]


class TuningPart(BaseModel):
    """A table of ``[tuning]``: unknown keys are refused, and values cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RangeTable(TuningPart):
    """The values of one hyperparameter that the tuning may choose: a range of numbers, or a list."""

    min: Number = Field(None, description="The least value; with max.")
    max: Number = Field(None, description="The greatest value.")
    scaling: Literal["Auto", "Linear", "Logarithmic", "ReverseLogarithmic"] | None = Field(
        None, description="How SageMaker spreads its choices between min and max; default: Auto."
    )
    values: Annotated[list[Hyperparameter], Field(min_length=1, max_length=30)] | None = Field(
        None, description="The values to choose from, in place of min and max."
    )

    @model_validator(mode="after")
    def _check(self) -> "RangeTable":
        """https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-define-ranges.html."""
        if self.values is not None:
            given = [name for name in ("min", "max", "scaling") if getattr(self, name) is not None]
            if given:
                raise ValueError(f"values excludes {given[0]}; remove one of the two")
            return self
        for name in ("min", "max"):
            value = getattr(self, name)
            if value is None:
                raise ValueError(f"the key {name} is missing, or values with a list of values")
            if isinstance(value, bool) or not isinstance(value, int | float) or value - value != 0:
                raise ValueError(f"{name} is {value!r}, but it must be a number")
        if self.min >= self.max:
            raise ValueError(f"min is {self.min:g} and max is {self.max:g}; min must be less than max")
        if self.scaling == LOGARITHMIC and self.min <= 0:
            raise ValueError(f"min is {self.min:g}, and Logarithmic scaling needs a min above 0")
        if self.scaling == REVERSE and not 0 <= self.min < self.max < 1:
            raise ValueError("ReverseLogarithmic scaling needs a range within 0 and 1, without 1 itself")
        return self


class WarmStartTable(TuningPart):
    """Earlier tunings whose results a new one begins with."""

    tunings: Annotated[list[TuningName], Field(min_length=1, max_length=5)] = Field(
        description="The names of one to five earlier tunings, which have ended."
    )
    type: Literal["IdenticalDataAndAlgorithm", "TransferLearning"] = Field(
        "IdenticalDataAndAlgorithm",
        description="IdenticalDataAndAlgorithm: same data and image; TransferLearning: similar ones.",
    )


class TuningTable(TuningPart):
    """The content of ``[tuning]``; docs/tuning.md describes each key."""

    objective: MetricName = Field(description="The metric to improve, such as val_loss.")
    direction: Literal["Minimize", "Maximize"] | None = Field(
        None, description="Which values are better; the trainer itself says it of its own metrics."
    )
    strategy: Literal["Bayesian", "Random", "Grid", "Hyperband"] = Field(
        "Bayesian", description="How SageMaker chooses the values of the next training job."
    )
    max_jobs: Annotated[StrictInt, Field(ge=1)] | None = Field(
        None, description="How many training jobs the tuning starts at most; Grid counts them itself."
    )
    parallel_jobs: Annotated[StrictInt, Field(ge=1, le=MOST_PARALLEL)] = Field(
        1, description="How many of them run at the same time."
    )
    max_runtime_seconds: Annotated[StrictInt, Field(ge=120, le=LONGEST_TUNING)] | None = Field(
        None, description="SageMaker stops the whole tuning then; the best model so far is kept."
    )
    early_stopping: StrictBool = Field(
        False, description="SageMaker stops a training job that is unlikely to become the best."
    )
    target_value: Annotated[float, Field(allow_inf_nan=False)] | None = Field(
        None, description="The tuning ends when the objective reaches this value."
    )
    max_jobs_without_improvement: Annotated[StrictInt, Field(ge=3)] | None = Field(
        None, description="The tuning ends after so many training jobs that did not improve the objective."
    )
    stop_on_convergence: StrictBool = Field(
        False, description="The tuning ends when SageMaker expects no further improvement."
    )
    seed: Annotated[StrictInt, Field(ge=0, lt=2**31)] | None = Field(
        None, description="The same seed gives the same choices, for Random and Grid always."
    )
    max_cost: Usd | None = Field(
        None, description="USD that the whole tuning may cost at most; one that may cost more is refused."
    )
    autotune: StrictBool = Field(False, description="SageMaker adapts ranges, strategy and limits itself: only on AWS.")
    warm_start: WarmStartTable | None = Field(None, description="Earlier tunings whose results this one begins with.")
    ranges: Annotated[dict[str, RangeTable], Field(max_length=30)] = Field(
        {}, description="The values to choose from, a table for each hyperparameter; default: those of the trainer."
    )

    @model_validator(mode="after")
    def _check(self) -> "TuningTable":
        if self.strategy == "Hyperband" and self.early_stopping:
            raise _refused(
                "tuning.early_stopping is refused with strategy Hyperband, which stops training jobs by its own rule",
                "Remove early_stopping.",
            )
        if self.strategy == "Grid":
            for name, one in self.ranges.items():
                if one.values is None:
                    raise _refused(
                        f"tuning.ranges.{name} has min and max, and strategy Grid tries lists of values",
                        f"Write values = […] under [tuning.ranges.{name}], or choose another strategy.",
                    )
        elif self.max_jobs is None:
            raise _refused("tuning.max_jobs is missing", "Write max_jobs = 10: it decides what the tuning costs.")
        if self.max_jobs is not None and self.parallel_jobs > self.max_jobs:
            raise _refused(
                f"tuning.parallel_jobs is {self.parallel_jobs}, and max_jobs is {self.max_jobs}",
                "Lower parallel_jobs: no more jobs can run at the same time.",
            )
        return self


def _refused(problem: str, fix: str) -> PydanticCustomError:
    return PydanticCustomError("named", "{problem}", {"problem": problem, "fix": fix})
