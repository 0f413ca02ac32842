"""Prepares a training job: every check that needs no new resource, then the upload of its data."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from scripts import channels, container, costs, jobfile
from scripts.core import aws, console, verb
from scripts.runs.requests import check_can_keep
from scripts.stack import read_stack
from scripts.training import caller_rights, manifests, preflight, resources, verb_calls
from scripts.training.images import check_images
from scripts.training.job_image import describe_image, job_image
from scripts.training.request import TrainingJob, build_request, job_name, merge_metrics

if TYPE_CHECKING:
    from scripts.channels.local import Folder
    from scripts.jobfile.hyperparameters import TrainerDescription
    from scripts.jobfile.spec import JobSpec
    from scripts.stack import Stack


@dataclass(frozen=True)
class PreparedJob:
    """A job that is ready to be sent.

    Args:
        job: the job.
        stack: the stack with its role and buckets.
        tags: the tags of its price and its limit.
        trainer: what the trainer in its image says about itself; None for another program.
        folders: what was read of its local folders; None: they are read when they are uploaded.
    """

    job: TrainingJob
    stack: "Stack"
    tags: Sequence[Mapping[str, str]] = ()
    trainer: "TrainerDescription | None" = None
    folders: "Sequence[Folder] | None" = None

    @property
    def request(self) -> dict[str, Any]:
        """The CreateTrainingJob request."""
        return costs.with_tags(build_request(self.job, self.stack), self.tags)

    def again(self) -> "PreparedJob":
        """The same job under a new name."""
        return replace(self, job=replace(self.job, name=job_name(self.job.spec_name)))


def prepare(
    name: str,
    spec: "JobSpec",
    typed: Mapping[str, str],
    environment: str,
    say: Callable[[str], None],
    image: str = "",
) -> PreparedJob:
    """Do all checks that need no new resource.

    Args:
        name: the job file's name.
        spec: its content.
        typed: the hyperparameters that you typed.
        environment: the stack's name in terraform/environments/.
        say: prints what cannot be checked.
        image: the image's URI; if it is empty, the image of the job's code as it is now.

    Raises:
        UserError: something is wrong with the job, or the account lacks something that it needs.
    """
    return prepare_described(check_offline(spec, typed, image), name, spec, typed, environment, say, image)


def check_offline(spec: "JobSpec", typed: Mapping[str, str], image: str = "") -> "TrainerDescription | None":
    """Do the checks that come before any call to AWS; the arguments are those of `prepare`.

    Returns:
        What the local trainer says about itself; None if the job does not run the trainer.

    Raises:
        UserError: the program does not exist, or a hyperparameter is wrong.
    """
    local_trainer = None
    if spec.runs_trainer:
        local_trainer = jobfile.describe_trainer(meanwhile=aws.load)
    if spec.program is not None:
        jobfile.check_program(spec.program, spec.code)
        if not image:
            container.check_program(spec.program, spec.code)
    if not image:  # the job runs the local trainer: check its hyperparameters before any call to AWS
        jobfile.resolve_hyperparameters(spec.hyperparameters_to_send, typed, local_trainer)
    return local_trainer


def prepare_described(
    local_trainer: "TrainerDescription | None",
    name: str,
    spec: "JobSpec",
    typed: Mapping[str, str],
    environment: str,
    say: Callable[[str], None],
    image: str,
) -> PreparedJob:
    """Do the checks of `prepare` that come after `check_offline`, whose result is the first argument."""
    lists = jobfile.read_lists(name, spec)
    to_send = spec.hyperparameters_to_send

    def place() -> "tuple[Stack, list[Folder]]":
        return read_stack(environment), channels.check(jobfile.local_channels(name, spec))

    if image:
        stack, folders = place()
        trainer = describe_image(image, spec, stack, say)
        hyperparameters = jobfile.resolve_hyperparameters(to_send, typed, trainer)
        if trainer == local_trainer:
            check_images(spec, hyperparameters, lambda: None)
    else:
        trainer = local_trainer
        hyperparameters = jobfile.resolve_hyperparameters(to_send, typed, trainer)
        stack, folders = check_images(spec, hyperparameters, place)
    # An image without a description may still contain a trainer. Looking for its metrics does no harm.
    described = trainer or local_trainer
    metrics = merge_metrics(described.metrics if described else (), spec.metrics)
    uri = image or job_image(name, spec, stack, environment, say)
    job = TrainingJob(name, spec, job_name(name), uri, hyperparameters, metrics, lists)
    prepared = PreparedJob(job, stack, trainer=trainer, folders=folders)
    cap = None if spec.max_cost is None else costs.Cap(spec.max_cost, f"jobs/{name}.toml")
    return replace(prepared, tags=costs.check(prepared.request, cap, spec.price_per_hour, say))


def upload(prepared: PreparedJob, yes: bool) -> None:
    """Check in the account what the job needs, and make its prefixes in S3 equal to its local folders.

    Args:
        prepared: the job.
        yes: whether you confirmed deletions beforehand.

    Raises:
        UserError: the account lacks something, or the data cannot be uploaded.
    """
    needs = verb_calls.of_train(prepared.stack, prepared.request, *uploads(prepared))
    check_and_upload(prepared, "make train", needs, yes)


def uploads(prepared: PreparedJob) -> tuple[list[str], list[str]]:
    """The prefixes of the job's local channels in the data bucket, and the keys of its manifests there."""
    job = prepared.job
    local = jobfile.local_channels(job.spec_name, job.spec)
    return [channel.prefix for channel in local], list(manifests.written(job, prepared.stack.data_bucket))


def check_and_upload(
    prepared: PreparedJob, command: str, needs: Sequence[verb_calls.Need], yes: bool, parallel: int | None = None
) -> None:
    """Do what `upload` does, for a command that starts such a job or a tuning with many of them.

    Args:
        prepared: the job.
        command: what you typed, such as ``make train``.
        needs: what the command needs.
        yes: whether you confirmed deletions beforehand.
        parallel: how many of them the tuning runs at the same time; None if the command starts one job.

    Raises:
        UserError: the account lacks something, or the data cannot be uploaded.
    """
    job, request = prepared.job, prepared.request
    spec = job.spec
    sources = [channel.place for channel in spec.channels.values() if channel.folder is None]
    with verb.on_interrupt(
        f"Interrupted. No job was started. Uploaded files are kept; `{command} JOB={job.spec_name}` uploads the rest."
    ):
        check_can_keep(request)
        caller_rights.check(command, needs, console.say)
        resources.check(request, prepared.stack, console.say)
        preflight.check(request, sources, console.say, tuning=parallel is not None)
        manifests.check(job, console.say)
        costs.check_quotas(request, console.say, parallel or 1)
        local = jobfile.local_channels(job.spec_name, spec)
        channels.synchronise(local, prepared.stack.data_bucket, yes, prepared.folders)
        manifests.upload(job, prepared.stack.data_bucket)
    if "volume_size_gb" in spec.model_fields_set and spec.has_own_nvme:
        console.say(f"Note: volume_size_gb has no effect on {spec.instance_type}, which has local NVMe disks.")
