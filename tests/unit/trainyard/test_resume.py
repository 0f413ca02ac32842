"""A stopped and resumed `fit` ends like the uninterrupted one: weights, history, and every callback."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tests.unit.trainyard.fits import STEPS, VALIDATION, SignalAt, X, Y, compiled, epochs_of, network, run
from trainyard.resume import Resume, ResumeError, callback_state, callback_warnings

CB = keras.callbacks


# ruff: noqa: ARG002 -- the signatures of Keras's callbacks


class CountsBatches(keras.callbacks.Callback):  # type: ignore[misc]
    """A callback of one's own, with a state of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.losses = 0, np.zeros(0)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.begun += 1

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.losses = np.append(self.losses, (logs or {})["loss"])

    def get_state(self) -> dict[str, Any]:
        return {"begun": self.begun, "losses": {"all": self.losses, "each": list(self.losses)}}

    def set_state(self, state: dict[str, Any]) -> None:
        self.begun, self.losses = state["begun"], state["losses"]["all"]


def everything(folder: Path) -> Callable[[], list[Any]]:
    """All callbacks of Keras that remember something, and one of one's own."""
    return lambda: [
        CB.EarlyStopping("val_loss", patience=9, restore_best_weights=True),
        CB.ReduceLROnPlateau("val_loss", patience=1, min_delta=0.5, cooldown=1),
        CB.LearningRateScheduler(lambda _, rate: rate * 0.9),
        CB.ModelCheckpoint(folder / "best.weights.h5", save_best_only=True, save_weights_only=True),
        CB.ModelCheckpoint(folder / "{epoch}-{batch}.weights.h5", save_weights_only=True, save_freq=3),
        CB.CSVLogger(folder / "log.csv"),
        CountsBatches(),
    ]


def comparable(callback: Any) -> str:
    return repr(callback_state(callback))


@pytest.mark.parametrize("first", [True, False])
def test_a_stop_in_the_middle_of_an_epoch_changes_nothing(first: bool, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    uninterrupted = run(whole / "c", everything(whole), first=first)
    assert uninterrupted.batches == [(epoch, batch) for epoch in range(3) for batch in range(STEPS)]
    stopped = run(cut / "c", everything(cut), stop=SignalAt(1, 1), first=first)
    assert stopped.resume.stopped
    assert stopped.batches[-1] == (1, 1)
    assert stopped.history == {name: values[:1] for name, values in uninterrupted.history.items()}
    # The epoch that was cut is no epoch for the other callbacks.
    assert len((cut / "log.csv").read_text().splitlines()) == 2
    resumed = run(cut / "c", everything(cut), first=first)
    assert not resumed.resume.stopped
    assert resumed.batches == uninterrupted.batches[STEPS + 2 :]
    assert resumed.bits == uninterrupted.bits
    assert resumed.history == resumed.resume.history == uninterrupted.history
    assert (cut / "log.csv").read_bytes() == (whole / "log.csv").read_bytes()
    saved = [sorted(path.name for path in folder.glob("*.h5")) for folder in (whole, cut)]
    assert saved[0] == saved[1]
    assert len(saved[0]) == 5
    for one, other in zip(uninterrupted.callbacks, resumed.callbacks, strict=True):
        assert comparable(one).replace(str(whole), "") == comparable(other).replace(str(cut), "")


def test_a_graph_and_several_batches_in_one_call_resume_too(tmp_path: Path) -> None:
    def model() -> Any:
        return compiled(run_eagerly=False, steps_per_execution=2)

    uninterrupted = run(tmp_path / "a", model=model(), epochs=2, validation=False)
    run(tmp_path / "b", model=model(), epochs=2, validation=False, stop=SignalAt(0, 1))
    resumed = run(tmp_path / "b", model=model(), epochs=2, validation=False)
    assert resumed.batches == [(0, 3), (1, 1), (1, 3)]
    assert (resumed.bits, resumed.history) == (uninterrupted.bits, uninterrupted.history)


def test_a_stop_during_the_validation_repeats_the_last_step(tmp_path: Path) -> None:
    uninterrupted = run(tmp_path / "a")
    stopped = run(tmp_path / "b", stop=SignalAt(1, 0, "on_test_batch_end"))
    assert (len(stopped.history["loss"]), stopped.batches[-1]) == (1, (1, STEPS - 1))
    resumed = run(tmp_path / "b")
    assert resumed.batches[0] == (1, STEPS - 1)
    assert (resumed.bits, resumed.history) == (uninterrupted.bits, uninterrupted.history)


def test_a_stop_in_the_last_batch_ends_after_the_epoch(tmp_path: Path) -> None:
    stopped = run(tmp_path, stop=SignalAt(1, STEPS - 1), validation=False)
    assert (stopped.resume.epoch, stopped.resume.stopped, len(stopped.history["loss"])) == (2, True, 2)
    assert epochs_of(run(tmp_path, validation=False)) == [2]


def test_data_of_another_origin_resume_at_the_epoch(tmp_path: Path) -> None:
    def fit(folder: Path, stop: SignalAt) -> tuple[Any, list[tuple[int, int]]]:
        model = compiled()
        resume = Resume(model, folder)
        given = {"batch_size": 8, "shuffle": False, "verbose": 0, "epochs": 3, "validation_data": VALIDATION}
        model.fit(X, Y, initial_epoch=resume.epoch, callbacks=[stop, resume], **given)
        return model.get_weights(), stop.seen

    uninterrupted, _ = fit(tmp_path / "a", SignalAt(-1, -1))
    fit(tmp_path / "b", SignalAt(1, 1))
    assert [path.name for path in (tmp_path / "b").iterdir()] == [f"step-{STEPS:08}"]
    resumed, batches = fit(tmp_path / "b", SignalAt(-1, -1))
    assert batches[0] == (1, 0)
    assert all(np.array_equal(one, other) for one, other in zip(uninterrupted, resumed, strict=True))


def test_a_run_that_a_callback_ended_stays_ended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def stopping() -> list[Any]:
        return [CB.EarlyStopping("val_loss", mode="max", patience=1, restore_best_weights=True)]

    ended = run(tmp_path, stopping, epochs=9)
    assert epochs_of(ended) == [0, 1]
    again = run(tmp_path, stopping, epochs=9)
    assert "has ended: a callback ended it after epoch 2" in capsys.readouterr().out
    assert (again.batches, again.bits, again.history) == ([], ended.bits, ended.history)


def test_a_run_may_get_more_epochs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    uninterrupted = run(tmp_path / "a", epochs=3)
    done = run(tmp_path / "b", epochs=2)
    assert run(tmp_path / "b", epochs=2).bits == done.bits
    assert "has ended: all 2 epochs are done" in capsys.readouterr().out
    assert run(tmp_path / "b", epochs=3).bits == uninterrupted.bits
    with pytest.raises(ResumeError, match=r"past the end of this fit: epochs=2, 3 are done.*\n.*more epochs"):
        run(tmp_path / "b", epochs=2)


def test_another_model_is_refused_before_fit(tmp_path: Path) -> None:
    run(tmp_path, epochs=1)
    with pytest.raises(
        ResumeError, match=r"kernel has the shape \(8, 6\) there, \(8, 7\) here.\nBuild .* the model as"
    ):
        Resume(network(width=7), tmp_path)
    larger = keras.Sequential([network(), keras.layers.Dense(3)])
    larger.build((None, 8))
    with pytest.raises(ResumeError, match="9 variables there, 11 here"):
        Resume(larger, tmp_path)


def test_other_settings_are_refused(tmp_path: Path) -> None:
    run(tmp_path, epochs=1)
    with pytest.raises(ResumeError, match=r"optimizers optimizer learning_rate was 0.01, is 0.02.\nUse the settings"):
        run(tmp_path, model=compiled(learning_rate=0.02))
    model = compiled()
    resume = Resume(model, tmp_path)
    data = resume.batches((X, Y), 10, seed=4)
    with pytest.raises(ResumeError, match="batches batch_size was 8, is 10; batches seed was 3, is 4"):
        model.fit(data, epochs=2, initial_epoch=resume.epoch, callbacks=[resume], verbose=0)
    resume = Resume(model, tmp_path)
    data = resume.batches((X, Y[::-1]), 8, seed=3)
    with pytest.raises(ResumeError, match=r"settings: batches first numbers was \w+, is \w+\."):
        model.fit(data, epochs=2, initial_epoch=resume.epoch, callbacks=[resume], verbose=0)
    with pytest.raises(ResumeError, match=r"batches was .*, is not ours"):
        model.fit(X, Y, epochs=2, initial_epoch=1, callbacks=[Resume(model, tmp_path)], verbose=0)


def test_other_metrics_are_refused_in_the_middle_of_an_epoch(tmp_path: Path) -> None:
    run(tmp_path, stop=SignalAt(0, 1))
    model = network()
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), run_eagerly=True)
    model.optimizer.learning_rate = 0.01
    with pytest.raises(ResumeError, match="does not fit the metrics of this fit: 4 variables there, 2 here"):
        run(tmp_path, model=model)


def refuse(match: str, fit: Callable[[Any, Resume], Any], folder: Path) -> None:
    model = compiled()
    with pytest.raises(ResumeError, match=match):
        fit(model, Resume(model, folder))


def test_wrong_uses_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ResumeError, match=r"no weights yet.*\n.*keras.Input"):
        Resume(keras.Sequential([keras.layers.Dense(3)]), tmp_path)
    quiet = {"verbose": 0, "epochs": 2}
    refuse(r"not called by Keras.\nPass it to fit itself", lambda _, r: r.on_train_begin(), tmp_path)
    backup = CB.BackupAndRestore(tmp_path / "backup")
    refuse("Leave out BackupAndRestore", lambda m, r: m.fit(X, Y, callbacks=[backup, r], **quiet), tmp_path)
    refuse(
        "fit has None batches in an epoch, resume.batches gave 4, and .*\nGive fit this dataset, without repeat",
        lambda m, r: m.fit(r.batches((X, Y), 8).repeat(), callbacks=[r], **quiet),
        tmp_path,
    )
    refuse(
        "fit has 4 batches in an epoch, resume.batches gave 4, and steps_per_epoch is 4.",
        lambda m, r: m.fit(r.batches((X, Y), 8), steps_per_epoch=4, callbacks=[r], **quiet),
        tmp_path,
    )
    refuse(
        "fit does not read resume.batches in this epoch.\nGive fit the dataset that it returned, not cached",
        lambda m, r: m.fit(r.batches((X, Y), 8).cache(), callbacks=[r], **quiet),
        tmp_path / "cached",
    )
    refuse("called twice", lambda _, r: [r.batches((X, Y), 8), r.batches((X, Y), 8)], tmp_path)

    class Odd(CountsBatches):
        def get_state(self) -> dict[str, Any]:
            return {"seen": {1, 2}}

    refuse(
        r"Odd-0/own/seen has a set, which a checkpoint cannot hold.\nLet get_state",
        lambda m, r: m.fit(X, Y, callbacks=[Odd(), r], **quiet),
        tmp_path,
    )
    run(tmp_path, epochs=1)
    model = compiled()
    resume = Resume(model, tmp_path)
    with pytest.raises(ResumeError, match=r"fit begins at epoch 0, but 1 epochs are done.\nPass initial_epoch"):
        model.fit(resume.batches((X, Y), 8, seed=3), epochs=2, callbacks=[resume], verbose=0)


def test_what_is_lost_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Prints(keras.callbacks.Callback):  # type: ignore[misc]
        """Remembers nothing."""

    class Forgets(keras.callbacks.Callback):  # type: ignore[misc]
        count = 0

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.count += 1

    forgetful = Forgets()
    forgetful.on_epoch_end(0)
    kept = [Prints(), CountsBatches(), CB.EarlyStopping(), CB.TerminateOnNaN(), CB.LambdaCallback(), CB.History()]
    assert callback_warnings(kept, tmp_path) == []
    (line,) = callback_warnings([forgetful], tmp_path)
    assert line.startswith("what Forgets remembers is not kept: give it get_state() and set_state(state)")
    elsewhere, here = CB.ModelCheckpoint("best.keras"), CB.ModelCheckpoint(tmp_path / "best.keras")
    assert callback_warnings([elsewhere, here], tmp_path) == []
    monkeypatch.setattr("trainyard.resume.SAGEMAKER_FOLDER", tmp_path)
    (line,) = callback_warnings([elsewhere, here], tmp_path)
    assert line == f"ModelCheckpoint writes best.keras, which a new machine lacks: let it write to {tmp_path}"


def test_a_callback_that_is_no_more_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path, lambda: [CB.EarlyStopping()], epochs=1)
    run(tmp_path, epochs=2)
    assert "note: the checkpoint has the state of EarlyStopping, which is no callback of" in capsys.readouterr().out


def test_without_a_folder_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("trainyard.resume.SAGEMAKER_FOLDER", tmp_path / "none")
    model = compiled()
    resume = Resume(model)
    assert capsys.readouterr().out.startswith("trainyard: nothing is kept, as there is no ")
    model.fit(resume.batches((X, Y), 8), epochs=2, callbacks=[resume, SignalAt(0, 1)], shuffle=False, verbose=0)
    assert (resume.stopped, capsys.readouterr().out) == (
        True,
        "trainyard: stopped by SIGTERM; no checkpoint was written\n",
    )
    (tmp_path / "none").mkdir()
    run_in = Resume(compiled())
    model.fit(X, Y, epochs=1, callbacks=[run_in], verbose=0)
    assert [path.name for path in (tmp_path / "none").iterdir()] == ["step-00000001"]


def test_sigterm_is_given_back(tmp_path: Path) -> None:
    class Breaks(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            raise RuntimeError("a bug of the script")

    received: list[int] = []
    former = signal.signal(signal.SIGTERM, lambda number, _: received.append(number))
    try:
        ours = signal.getsignal(signal.SIGTERM)
        run(tmp_path / "a", epochs=1)
        assert signal.getsignal(signal.SIGTERM) == ours
        with pytest.raises(RuntimeError, match="a bug"):
            run(tmp_path / "b", lambda: [Breaks()], epochs=1)
        # After an exception Keras calls no callback. The signal is not for a fit that has ended.
        os.kill(os.getpid(), signal.SIGTERM)
        assert received == [signal.SIGTERM]
        assert signal.getsignal(signal.SIGTERM) == ours
    finally:
        signal.signal(signal.SIGTERM, former)
