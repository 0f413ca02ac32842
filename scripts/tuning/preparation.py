"""Prepares a tuning: every check that needs no new resource, then the upload of its data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from scripts import costs, training
from scripts.core import aws, console
from scripts.core.errors import UserError
from scripts.training import verb_calls
from scripts.tuning import cost, limits, parents
from scripts.tuning.checkpoints import checkpoint_note, read_code
from scripts.tuning.request import Search, build_request, tuning_name
from scripts.tuning.space import search_space

if TYPE_CHECKING:
    from scripts.jobfile.hyperparameters import TrainerDescription
    from scripts.jobfile.spec import JobSpec
    from scripts.jobfile.tuning_table import TuningTable


@dataclass(frozen=True)
class PreparedTuning:
    """A tuning that is ready to be sent.

    Args:
        job: one of its training jobs, under the tuning's name.
        search: what it searches.
    """

    job: "training.PreparedJob"
    search: Search

    @property
    def request(self) -> dict[str, Any]:
        """The CreateHyperParameterTuningJob request."""
        return build_request(self.search, self.job.request)


def prepare(
    name: str,
    spec: "JobSpec",
    typed: Mapping[str, str],
    environment: str,
    say: Callable[[str], None],
    image: str = "",
) -> PreparedTuning:
    """Do all checks that need no new resource. The arguments are those of `training.prepare`.

    Raises:
        UserError: something is wrong with the job or with its table [tuning], or the account lacks something.
    """
    table = table_of(name, spec)
    described = training.check_offline(spec, typed, image)
    # What the local trainer describes is checked before any call to AWS. An image may have another one.
    search = None if image else _search(spec, table, described, typed)
    job = training.prepare_described(described, name, spec, typed, environment, say, image)
    search = search or _search(spec, table, job.trainer, typed)
    prepared = PreparedTuning(replace(job, job=replace(job.job, name=tuning_name(name))), search)
    build_request(search, prepared.job.request)
    limit = None if table.max_cost is None else costs.Cap(table.max_cost, f"[tuning] of jobs/{name}.toml")
    cost.check(search, prepared.job.request, limit or costs.default_cap(), aws.region())
    return prepared


def table_of(name: str, spec: "JobSpec") -> "TuningTable":
    """The table [tuning] of a job file.

    Raises:
        UserError: it has none.
    """
    if spec.tuning is None:
        raise UserError(
            f"jobs/{name}.toml has no table [tuning], which says what to search.",
            'Add it: [tuning], and below it objective = "val_loss" and max_jobs = 10 (docs/tuning.md).',
        )
    return spec.tuning


def upload(prepared: PreparedTuning, yes: bool) -> None:
    """Check in the account what the tuning needs, and make its prefixes in S3 equal to its local folders.

    Args:
        prepared: the tuning.
        yes: whether you confirmed deletions beforehand.

    Raises:
        UserError: the account lacks something, or the data cannot be uploaded.
    """
    job, spec = prepared.job, prepared.job.job.spec
    place = job.request.get("CheckpointConfig", {}).get("S3Uri", "")
    if note := checkpoint_note(spec, read_code(spec), place):
        console.say(note)
    parents.check(prepared.search.table, console.say)
    needs = verb_calls.of_tune(job.stack, job.request, prepared.request, *training.uploads(job))
    training.check_and_upload(job, "make tune", needs, yes, prepared.search.table.parallel_jobs)


def _search(
    spec: "JobSpec", table: "TuningTable", known: "TrainerDescription | None", typed: Mapping[str, str]
) -> Search:
    metrics = training.merge_metrics(known.metrics if known else (), spec.metrics)
    search = Search(table, limits.direction_of(table, metrics), search_space(table, known, typed))
    limits.check(search, {**spec.hyperparameters_to_send, **typed}, metrics)
    return search
