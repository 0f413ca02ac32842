"""What a job trains: the hyperparameters in effect, the plan, and the run with its network and optimizers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

from trainer.contract import run_identity
from trainer.contract.hyperparameters import Hyperparameters
from trainer.contract.job import Job
from trainer.images.host_input import Input
from trainer.networks import architectures, losses, optimizers
from trainyard.checkpoints.checkpoint import Checkpoint
from trainyard.hosts.cluster import Team
from trainyard.networks import gpu, twin
from trainyard.run import Average, Plan, Run, Stage


@dataclass(frozen=True)
class Choices:
    """How a job trains.

    Args:
        settings: the hyperparameters in effect.
        compute_type: the type in which layers compute.
        prepare_grey: whether keras.applications models get grey images as prepared RGB images.
        upright: whether photos are turned as their cameras say.
        stem: whether small_cnn halves large images first.
    """

    settings: Hyperparameters
    compute_type: str
    prepare_grey: bool
    upright: bool
    stem: bool


def choose(job: Job, newest: Checkpoint | None, compute_type: str) -> Choices:
    """Choose how a job trains. If it resumes an older checkpoint, it trains as the trainer did at that time.

    Args:
        job: its hyperparameters are used.
        newest: the checkpoint that the job finds.
        compute_type: the type in which layers compute.
    """
    saved: Mapping[str, Any] | None = newest.about["identity"] if newest else None
    if newest and job.hyperparameters.resume == "weights" and not newest.about["from_weights"]:
        saved = None  # a new run: it takes only the weights
    settings = run_identity.adopt(job.hyperparameters, job.given, saved)
    return Choices(
        settings,
        compute_type,
        # The weights of a checkpoint must fit, also those that a new run takes.
        prepare_grey=newest is None or _GREY in newest.about["identity"],
        upright=saved is None or _PHOTOS in saved,
        stem=newest is None or _LARGE in newest.about["identity"],
    )


def older_note(job: Job, choices: Choices, newest: Checkpoint | None) -> str | None:
    """Return the line to print if the checkpoint is older than some hyperparameters; None if it is not."""
    then, now = run_identity.in_effect(choices.settings), run_identity.in_effect(job.hyperparameters)
    values = ", ".join(f"{name}={value}" for name, value in then.items() if value != now[name])
    if newest is None or not values:
        return None
    return f"note: {newest.path} was written before these hyperparameters existed, so this run has {values}"


def plan(choices: Choices, data: Input) -> Plan:
    """The plan of the run; its identity holds everything that the results depend on."""
    settings = choices.settings
    cosine = settings.learning_rate_schedule == "cosine"
    schedule = {"schedule_epochs": settings.schedule_epochs or settings.epochs} if cosine else {}
    identity = {
        **run_identity.in_effect(settings),
        **schedule,
        **_treatment(settings, choices.prepare_grey, choices.stem, choices.upright),
        "precision": choices.compute_type,
        "labels": list(data.training.labels),
        **data.fingerprints,
    }
    return Plan(
        settings.epochs,
        data.steps_per_epoch,
        settings.batch_size,
        data.validation_steps,
        settings.patience,
        identity,
        examples="images",
        before={**run_identity.BEFORE, **_treatment(settings, prepare_grey=False, stem=False, upright=False)},
        accumulate=settings.accumulate_steps,
    )


def make_run(choices: Choices, data: Input, plan: Plan, weights: Path | None, team: Team) -> Run:
    """Build the network, its twin and the optimizers.

    Args:
        choices: how the job trains.
        data: the images.
        plan: the plan of the run.
        weights: the folder of initial weights; None for random ones.
        team: all devices.

    Raises:
        JobError: the network cannot be built, or the weights do not fit it.
    """
    settings, labels = choices.settings, len(data.training.labels)
    with tf.device("CPU"):  # GPUs do not need it; each would hold a copy in its memory
        best = architectures.build(settings, labels, weights, choices.prepare_grey, choices.stem)
    with team.strategy.scope():
        model = twin.for_training(best, choices.compute_type, team.replicas, is_fused=team.is_one_gpu)
        average = None
        if settings.ema:
            average = Average(twin.for_training(best, choices.compute_type, team.replicas), settings.ema)
        loss = losses.for_training(settings, data.counts_by_label(team))
        stages = [_stage(choices, plan, model, first, frozen) for first, frozen in _stages(settings, plan, model)]
        is_xla = team.is_one_gpu and gpu.can_compile(model)
        return Run(model, best, stages, loss, {"accuracy": losses.right}, average, losses.cross_entropy, is_xla)


def trained_parameters(run: Run) -> int:
    """The number of weights that are trained at the end of a run of `make_run`, before it trains."""
    frozen = {id(weight) for layer in run.stages[-1].frozen for weight in layer.weights}
    weights = [weight for weight in run.model.trainable_variables if id(weight) not in frozen]
    return sum(int(tf.size(weight.value)) for weight in weights)


_GREY, _LARGE, _PHOTOS = "grey images", "large images", "photos"


def _treatment(settings: Hyperparameters, prepare_grey: bool, stem: bool, upright: bool) -> dict[str, str]:
    """How images are treated, in the words of a run's identity; see `Choices`."""
    is_small_cnn = settings.model == "small_cnn"
    treatment = {}
    if settings.channels == 1 and not is_small_cnn:
        treatment[_GREY] = "as prepared RGB images" if prepare_grey else "unprepared"
    if settings.image_size >= architectures.LARGE and is_small_cnn:
        treatment[_LARGE] = "halved by a stem" if stem else "not halved"
    treatment[_PHOTOS] = "turned upright" if upright else "as stored"
    return treatment


def _stages(settings: Hyperparameters, plan: Plan, model: Any) -> list[tuple[int, Sequence[Any]]]:
    """The first step of each stage, and the layers that it freezes."""
    head = settings.head_epochs * plan.steps_per_epoch
    last = (head, architectures.frozen_layers(model, settings.train_layers))
    return [(0, architectures.frozen_layers(model, "head")), last] if head else [last]


def _stage(choices: Choices, plan: Plan, model: Any, first: int, frozen: Sequence[Any]) -> Stage:
    settings = choices.settings
    rate = optimizers.learning_rate(settings, plan.steps_per_epoch, plan.identity.get("schedule_epochs"), first)
    kept = {id(weight) for layer in frozen for weight in layer.weights}
    variables = [variable for variable in model.trainable_variables if id(variable) not in kept]
    backbone = architectures.backbone(model).weights
    return Stage(first, optimizers.make(settings, rate, variables, backbone, choices.compute_type), frozen)
