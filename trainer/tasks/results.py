"""Writes what comes out of a training: the model, its history, and a report about the validation images."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tensorflow as tf

from trainer.contract.job import Job
from trainer.images import pipeline
from trainer.images.host_input import Input
from trainer.networks import export
from trainer.tasks import evaluate
from trainyard.errors import JobError
from trainyard.hosts.cluster import Team
from trainyard.run import Plan, Run

HISTORY, HISTORY_LINES, TENSORBOARD = "history.json", "history.jsonl", "tensorboard"


def write(run: Run, plan: Plan, data: Input, job: Job, ending: str) -> None:
    """Write the best model, and the history: as JSON, as JSON lines, and as events for TensorBoard.

    Raises:
        JobError: they cannot be written.
    """
    if run.best_epoch is None:
        run.copy_weights_to_best()
    summary = {"steps": run.step, "steps_planned": plan.steps, "best_epoch": run.best_epoch, "ended": ending}
    try:
        export.export(run.best, data.training.labels, job.model_dir, data.form.smallest_side)
        job.output_data_dir.mkdir(parents=True, exist_ok=True)
        text = json.dumps({**summary, "history": run.history}, indent=2) + "\n"
        (job.output_data_dir / HISTORY).write_text(text, encoding="utf-8")
        lines = "".join(json.dumps(epoch) + "\n" for epoch in run.history)
        (job.output_data_dir / HISTORY_LINES).write_text(lines, encoding="utf-8")
        write_events(job.output_data_dir / TENSORBOARD, run.history)
    except OSError as error:
        raise JobError(
            f"The results cannot be written: {error}.",
            "The last checkpoint is complete. Free some disk space, then start again with the same checkpoint folder.",
        ) from error
    best = f"of epoch {run.best_epoch}" if run.best_epoch else "of the unfinished first epoch"
    print(f"ended: {ending}; model {best} saved to {job.model_dir}", flush=True)


def write_report(run: Run, data: Input, job: Job, predictions: bool) -> None:
    """Score the best model on the validation images of this host, if it has any, and write the report.

    Args:
        run: its best model is scored.
        data: the images.
        job: names the folders.
        predictions: whether to write the prediction of each image too.

    Raises:
        JobError: the report cannot be written.
    """
    if not data.validation:
        return
    batches = pipeline.ordered_batches(data.validation, data.form, evaluate.BATCH, data.caches.validation)
    found = evaluate.predictions(run.best, data.validation, batches, job.validation or job.training)
    scores = evaluate.write_report(job.output_data_dir, found, predictions)
    weakest = min(scores["labels"], key=lambda label: scores["labels"][label]["f1"])
    print(
        f"report on {scores['images']} validation images: f1={scores['f1']:.4f}, lowest for the label {weakest} "
        f"({scores['labels'][weakest]['f1']:.4f}); in {job.output_data_dir}",
        flush=True,
    )


@contextmanager
def rescued(run: Run, data: Input, job: Job, team: Team) -> Iterator[None]:
    """If training ends by an error that its owner can fix, write the best model so far.

    Raises:
        JobError: the error itself.
    """
    try:
        yield
    except JobError:
        if team.chief and run.best_epoch:
            _export_best(run, data, job.model_dir)
        raise


def _export_best(run: Run, data: Input, folder: Path) -> None:
    try:
        export.export(run.best, data.training.labels, folder, data.form.smallest_side)
    except OSError as error:  # the error that ended the training matters more
        print(f"the model of epoch {run.best_epoch} cannot be saved: {error}", flush=True)
    else:
        print(f"the best model so far, of epoch {run.best_epoch}, is saved to {folder}", flush=True)


def write_events(folder: Path, history: Sequence[dict[str, Any]]) -> None:
    """Write the numbers of each epoch as scalars for TensorBoard.

    Without ``tf.summary.scalar``, which needs the package TensorBoard; TensorFlow 2.21 does not bring it. The name of
    the plug-in makes a tensor a scalar:
    https://github.com/tensorflow/tensorboard/blob/2.20.0/tensorboard/plugins/scalar/metadata.py.
    """
    metadata = tf.compat.v1.SummaryMetadata(plugin_data={"plugin_name": "scalars"})
    with tf.summary.create_file_writer(str(folder)).as_default():
        for epoch in history:
            for name, value in epoch.items():
                if name not in {"epoch", "epochs"}:
                    tf.summary.write(name, tf.constant(value, tf.float32), epoch["epoch"], metadata)
