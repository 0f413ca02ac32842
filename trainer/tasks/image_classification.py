"""Image classification: from a folder per label to a model folder. This file runs a job from start to end."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras
import tensorflow as tf

from trainer.contract.hyperparameters import Hyperparameters
from trainer.contract.job import Job, check_gpu
from trainer.images import folders, host_input
from trainer.images.host_input import Input
from trainer.tasks import errors, results, setup
from trainyard.checkpoints import resume
from trainyard.checkpoints.interval import Interval
from trainyard.checkpoints.saver import CheckpointSaver
from trainyard.errors import JobError
from trainyard.hosts import cluster
from trainyard.hosts.cluster import Team
from trainyard.loop.training import Feed, Training
from trainyard.networks import precision
from trainyard.run import Run
from trainyard.stop import Stop


def train(job: Job, stop: Stop) -> None:
    """Run the job: start or resume the training, then write the best model, also after a stop.

    Raises:
        JobError: an error that the job's owner can fix.
    """
    gpus = len(tf.config.list_physical_devices("GPU"))
    check_gpu(job.instance_type, gpus, os.environ)
    keras.utils.set_random_seed(job.hyperparameters.seed)
    if not gpus:
        tf.config.experimental.enable_op_determinism()  # free on a CPU, slow on a GPU

    team = cluster.join(job.hosts, job.current_host, stop, os.environ)
    if team is None:
        print("stopped while waiting for other hosts: nothing was trained", flush=True)
        return
    with team.end_together():
        train_with(team, job, stop)


def train_with(team: Team, job: Job, stop: Stop) -> None:
    """Train on this host, together with the team's other hosts.

    Raises:
        JobError: an error that the job's owner can fix.
    """
    if team.chief:
        for folder in (job.checkpoint_dir, job.model_dir, job.output_data_dir):
            folders.check_writable(folder)  # now, not after hours of paid training
    found = resume.find(job.checkpoint_dir, team)
    choices = setup.choose(job, found.newest, precision.choose(job.hyperparameters.precision))
    settings, compute_type = choices.settings, choices.compute_type
    if note := setup.older_note(job, choices, found.newest):
        team.say(note)
    data = host_input.read(job, settings, team, choices.upright)
    plan = setup.plan(choices, data)
    team.check_agreement(plan.identity)

    run = setup.make_run(choices, data, plan, job.weights, team)
    try:
        newest = resume.resume(run, plan, found, team, weights_only=settings.resume == "weights")
    except resume.OtherRunError as error:
        raise JobError(error.problem, errors.fix_for_other_run(error.saved, error.names)) from None
    _print_summary(data, run, compute_type, job.weights, team)

    with _explain_tensorflow_errors(data, settings, compute_type, team):
        feed = Feed(
            training=lambda steps: team.distribute(data.batches(steps)),
            validation=lambda: team.distribute(data.validation_batches()),
            not_finite=lambda step, rate, saved: _not_finite(data, run, team, step, rate, saved),
        )
        interval = Interval(settings.checkpoint_seconds, settings.checkpoint_steps)
        facts = resume.checkpoint_facts(plan, team)
        with (
            results.rescued(run, data, job, team),
            CheckpointSaver(job.checkpoint_dir if team.chief else None, interval, run, facts, newest) as saver,
        ):
            ending = Training(run, plan, feed, saver, stop, team).train()
            last = saver.save_now()
    if last:  # only on the chief
        print(f"state after step {last.step} of {plan.steps}: sha256 {last.digest}; in {last.path}", flush=True)
        results.write(run, plan, data, job, ending)
        if not stop.requested:  # a stop leaves 120 s in all
            results.write_report(run, data, job, settings.predictions)


def _not_finite(data: Input, run: Run, team: Team, step: int, rate: float, saved: Path | None) -> JobError:
    """Print the images of a batch with NaN or infinite results, and return its error."""
    files = [file for host in team.link.exchange(data.files(range(step, step + 1))) for file in host]
    print(f"the batch of step {step + 1}:", *files, sep="\n  ", flush=True)
    return errors.nan_or_infinite(step + 1, rate, files, saved, run.best_epoch)


def _print_summary(data: Input, run: Run, compute_type: str, weights: Path | None, team: Team) -> None:
    model, trained = run.model, setup.trained_parameters(run)
    some = f" ({trained:,} trained)" if run.stages[-1].frozen else ""
    team.say(
        f"{sum(data.counts)} training images of {len(data.training.labels)} labels, "
        f"{data.validation_count} validation images; "
        f"{model.name} with {model.count_params():,} parameters{some}, {compute_type}; {team.describe()}"
    )
    if any(stage.frozen for stage in run.stages) and weights is None and not run.step and not run.from_weights:
        team.say("warning: the frozen layers keep random weights, because the job has no channel weights")


@contextmanager
def _explain_tensorflow_errors(data: Input, settings: Hyperparameters, compute_type: str, team: Team) -> Iterator[None]:
    """Turn TensorFlow errors that the job's owner can fix into a JobError.

    Raises:
        JobError: an image cannot be decoded, or there is too little memory.
    """
    try:
        yield
    except tf.errors.InvalidArgumentError:
        data.check_readable()
        raise
    except tf.errors.ResourceExhaustedError as error:
        raise errors.out_of_memory(
            settings.batch_size, team.replicas, settings.image_size, compute_type, error.message
        ) from error
