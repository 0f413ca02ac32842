"""Runs one tuning in a thread of its own: it creates training jobs, watches them, and stops them."""

import secrets
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from scripts.localcloud.awsjson import ServiceError
from scripts.localcloud.sagemaker.jobs import Job, StopReason, present
from scripts.localcloud.sagemaker.journal import Journal
from scripts.localcloud.sagemaker.launching import Launcher
from scripts.localcloud.tuning import completion, early_stopping, tunings
from scripts.localcloud.tuning.sampling import suggest
from scripts.localcloud.tuning.trial_request import job_name, job_request
from scripts.localcloud.tuning.tunings import EndReason, Trial, Tuning, TuningStore

POLL_SECONDS = 0.1
MAX_REASON = 1024


class TuningRun:
    """Runs a tuning. ``start`` starts it; ``abort`` ends it when the local cloud stops.

    Args:
        tuning: the tuning, which is in the store.
        store: has all tunings.
        launcher: starts the training jobs.
        journal: the tunings that run, on disk.
    """

    def __init__(self, tuning: Tuning, store: TuningStore, launcher: Launcher, journal: Journal) -> None:
        self._arn = tuning.arn
        self._store = store
        self._launcher = launcher
        self._journal = journal
        self._entry = tuning.entry
        self._aborted = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"tuning {tuning.name}", daemon=True)

    def start(self) -> None:
        """Start the tuning's thread; returns at once."""
        self._journal.write(self._entry)
        self._thread.start()

    def abort(self) -> None:
        """Create no more training jobs, and wait for the thread."""
        self._aborted.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._aborted.is_set() and not self._step().has_ended:
                self._aborted.wait(POLL_SECONDS)
        except Exception as error:
            traceback.print_exc()
            reason = f"InternalServerError: the local cloud has a bug; see server.log: {error!r}"
            self._stop_jobs(self._change(lambda tuning: _finish(tuning, "Failed", reason)))
        self._journal.forget(self._entry)

    def _step(self) -> Tuning:
        """Look at the training jobs once, and do what is due."""
        tuning = self._change(self._look)
        if tuning.end_reason:
            self._stop_jobs(tuning)
            return tuning if tuning.running else self._change(_finish_ended)
        for trial in stopped_early(tuning):
            self._stop(trial)
        while not tuning.end_reason and may_launch(tuning) and not self._aborted.is_set():
            tuning = self._launch(tuning)
        if len(tuning.trials) >= tuning.max_jobs and not tuning.running:
            return self._change(_finish_ended)
        return tuning

    def _look(self, tuning: Tuning) -> Tuning:
        looked = replace(tuning, trials=tuple(self._seen(trial, tuning.metric) for trial in tuning.trials))
        if tuning.converged is None and completion.has_converged(looked.objectives(), tuning.minimize):
            looked = replace(looked, converged=present())
        reason = completion.due_end(looked, present())
        return looked.request_end(reason, present()) if reason else looked

    def _seen(self, trial: Trial, metric: str) -> Trial:
        """Return a training job as it is now, with the values that it has printed so far."""
        if trial.job.has_ended:
            return trial
        # The job first: once it has ended, it prints no more values.
        job = self._launcher.services.store.get(trial.job.arn)
        return seen(trial, job, self._launcher.values(trial.job.arn, metric), present())

    def _launch(self, tuning: Tuning) -> Tuning:
        """Create the next training job. If that is refused, the tuning fails."""
        earlier, done = tunings.results(tuning.parents), tunings.results(tuning.trials)
        values = suggest(
            tuning.space, tuning.config["Strategy"], tuning.seed, done, minimize=tuning.minimize, earlier=earlier
        )
        name = job_name(tuning.name, len(tuning.trials) + 1, secrets.token_hex(4))
        request = job_request(tuning.request, name, values)
        try:
            job = self._launcher.launch(request, tuning.region, tuning.interruptions, tuning.arn)
        except ServiceError as error:
            reason = f"The training job {name} was refused: {error.message}"[:MAX_REASON]
            return self._change(lambda tuning: replace(tuning.request_end(EndReason.FAILED, present()), failure=reason))
        trial = Trial(tuning.name, job, values)
        return self._change(lambda tuning: replace(tuning, trials=(*tuning.trials, trial), modified=present()))

    def _stop_jobs(self, tuning: Tuning) -> None:
        for trial in tuning.running:
            self._stop(trial)

    def _stop(self, trial: Trial) -> None:
        with suppress(KeyError):  # It has ended, and another call has deleted it.
            self._launcher.services.store.change(
                trial.job.arn, lambda job: job.request_stop(StopReason.USER, present())
            )

    def _change(self, change: Callable[[Tuning], Tuning]) -> Tuning:
        return self._store.change(self._arn, change)


def seen(trial: Trial, job: Job | None, history: tuple[float, ...], now: datetime) -> Trial:
    """Return a training job as it is now.

    Args:
        trial: as it was before.
        job: the job in the store; None if it has ended and been deleted since, as only a job that has ended can be.
            How it ended is not known then: it counts as Stopped, with the values that it printed.
        history: the objective's values that it has printed so far.
        now: the present moment.
    """
    return replace(trial, job=job or trial.job.request_stop(StopReason.USER, now).finish(now), history=history)


def may_launch(tuning: Tuning) -> bool:
    """Return whether a tuning may create a training job now."""
    parallel = tuning.config["ResourceLimits"]["MaxParallelTrainingJobs"]
    return len(tuning.trials) < tuning.max_jobs and len(tuning.running) < parallel


def stopped_early(tuning: Tuning) -> list[Trial]:
    """Return the training jobs that run and are to be stopped, by early stopping or by Hyperband."""
    config = tuning.config
    if config["Strategy"] == "Hyperband":
        hyperband = config.get("StrategyConfig", {}).get("HyperbandStrategyConfig", {})
        high = early_stopping.max_resource(hyperband, tuning.definition.get("StaticHyperParameters", {}))
        low, histories = hyperband.get("MinResource", 1), [trial.history for trial in tuning.trials]
        return [
            trial
            for index, trial in enumerate(tuning.trials)
            if not trial.job.has_ended
            and early_stopping.is_stopped_by_hyperband(index, histories, low, high or low, tuning.minimize)
        ]
    if config.get("TrainingJobEarlyStoppingType", "Off") != "Auto":
        return []
    previous = [trial.history for trial in tuning.trials if trial.job.status == "Completed"]
    return [
        trial for trial in tuning.running if early_stopping.is_below_median(trial.history, previous, tuning.minimize)
    ]


def _finish_ended(tuning: Tuning) -> Tuning:
    """Return a tuning whose training jobs have ended with its final status."""
    if tuning.end_reason is EndReason.FAILED:
        return _finish(tuning, "Failed", tuning.failure or completion.failure_reason(tuning))
    return _finish(tuning, "Stopped" if tuning.end_reason is EndReason.USER else "Completed")


def _finish(tuning: Tuning, status: str, failure: str | None = None) -> Tuning:
    now = present()
    return replace(tuning, status=status, failure=failure, ended=now, modified=now)
