"""A stopped and resumed `fit` ends like the uninterrupted one: weights, history, and every callback."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.late import Late

pytestmark = pytest.mark.e2e

code, fits, keras = Late("trainyard.resume"), Late("tests.unit.trainyard.fits"), Late("keras")
CB = Late("keras.callbacks")


def everything(folder: Path) -> Callable[[], list[Any]]:
    """All callbacks of Keras that remember something, and one of one's own."""
    return lambda: [
        CB.EarlyStopping("val_loss", patience=9, restore_best_weights=True),
        CB.ReduceLROnPlateau("val_loss", patience=1, min_delta=0.5, cooldown=1),
        CB.LearningRateScheduler(lambda _, rate: rate * 0.9),
        CB.ModelCheckpoint(folder / "best.weights.h5", save_best_only=True, save_weights_only=True),
        CB.ModelCheckpoint(folder / "{epoch}-{batch}.weights.h5", save_weights_only=True, save_freq=3),
        CB.CSVLogger(folder / "log.csv"),
        fits.CountsBatches(),
    ]


def comparable(callback: Any) -> str:
    return repr(code.callback_state(callback))


@pytest.mark.parametrize("first", [True, False])
def test_a_stop_in_the_middle_of_an_epoch_changes_nothing(first: bool, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    uninterrupted = fits.run(whole / "c", everything(whole), first=first)
    assert uninterrupted.batches == [(epoch, batch) for epoch in range(3) for batch in range(fits.STEPS)]
    stopped = fits.run(cut / "c", everything(cut), stop=fits.SignalAt(1, 1), first=first)
    assert stopped.resume.stopped
    assert stopped.batches[-1] == (1, 1)
    assert stopped.history == {name: values[:1] for name, values in uninterrupted.history.items()}
    # The epoch that was cut is no epoch for the other callbacks.
    assert len((cut / "log.csv").read_text().splitlines()) == 2
    resumed = fits.run(cut / "c", everything(cut), first=first)
    assert not resumed.resume.stopped
    assert resumed.batches == uninterrupted.batches[fits.STEPS + 2 :]
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
        return fits.compiled(run_eagerly=False, steps_per_execution=2)

    uninterrupted = fits.run(tmp_path / "a", model=model(), epochs=2, validation=False)
    fits.run(tmp_path / "b", model=model(), epochs=2, validation=False, stop=fits.SignalAt(0, 1))
    resumed = fits.run(tmp_path / "b", model=model(), epochs=2, validation=False)
    assert resumed.batches == [(0, 3), (1, 1), (1, 3)]
    assert (resumed.bits, resumed.history) == (uninterrupted.bits, uninterrupted.history)


def test_a_stop_during_the_validation_repeats_the_last_step(tmp_path: Path) -> None:
    uninterrupted = fits.run(tmp_path / "a")
    stopped = fits.run(tmp_path / "b", stop=fits.SignalAt(1, 0, "on_test_batch_end"))
    assert (len(stopped.history["loss"]), stopped.batches[-1]) == (1, (1, fits.STEPS - 1))
    resumed = fits.run(tmp_path / "b")
    assert resumed.batches[0] == (1, fits.STEPS - 1)
    assert (resumed.bits, resumed.history) == (uninterrupted.bits, uninterrupted.history)


def test_a_stop_in_the_last_batch_ends_after_the_epoch(tmp_path: Path) -> None:
    stopped = fits.run(tmp_path, stop=fits.SignalAt(1, fits.STEPS - 1), validation=False)
    assert (stopped.resume.epoch, stopped.resume.stopped, len(stopped.history["loss"])) == (2, True, 2)
    assert fits.epochs_of(fits.run(tmp_path, validation=False)) == [2]


def test_data_of_another_origin_resume_at_the_epoch(tmp_path: Path) -> None:
    def fit(folder: Path, stop: Any) -> tuple[Any, list[tuple[int, int]]]:
        model = fits.compiled()
        resume = code.Resume(model, folder)
        given = {"batch_size": 8, "shuffle": False, "verbose": 0, "epochs": 3, "validation_data": fits.VALIDATION}
        model.fit(fits.X, fits.Y, initial_epoch=resume.epoch, callbacks=[stop, resume], **given)
        return model.get_weights(), stop.seen

    uninterrupted, _ = fit(tmp_path / "a", fits.SignalAt(-1, -1))
    fit(tmp_path / "b", fits.SignalAt(1, 1))
    assert [path.name for path in (tmp_path / "b").iterdir()] == [f"step-{fits.STEPS:08}"]
    resumed, batches = fit(tmp_path / "b", fits.SignalAt(-1, -1))
    assert batches[0] == (1, 0)
    assert all(np.array_equal(one, other) for one, other in zip(uninterrupted, resumed, strict=True))


def test_a_run_that_a_callback_ended_stays_ended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def stopping() -> list[Any]:
        return [CB.EarlyStopping("val_loss", mode="max", patience=1, restore_best_weights=True)]

    ended = fits.run(tmp_path, stopping, epochs=9)
    assert fits.epochs_of(ended) == [0, 1]
    again = fits.run(tmp_path, stopping, epochs=9)
    assert "has ended: a callback ended it after epoch 2" in capsys.readouterr().out
    assert (again.batches, again.bits, again.history) == ([], ended.bits, ended.history)


def test_a_run_may_get_more_epochs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    uninterrupted = fits.run(tmp_path / "a", epochs=3)
    done = fits.run(tmp_path / "b", epochs=2)
    assert fits.run(tmp_path / "b", epochs=2).bits == done.bits
    assert "has ended: all 2 epochs are done" in capsys.readouterr().out
    assert fits.run(tmp_path / "b", epochs=3).bits == uninterrupted.bits
    with pytest.raises(code.ResumeError, match=r"past the end of this fit: epochs=2, 3 are done.*\n.*more epochs"):
        fits.run(tmp_path / "b", epochs=2)


def test_another_model_is_refused_before_fit(tmp_path: Path) -> None:
    fits.run(tmp_path, epochs=1)
    with pytest.raises(code.ResumeError, match=r"the shape \(8, 6\) there, \(8, 7\) here.\nBuild .* the model as"):
        code.Resume(fits.network(width=7), tmp_path)
    larger = keras.Sequential([fits.network(), keras.layers.Dense(3)])
    larger.build((None, 8))
    with pytest.raises(code.ResumeError, match="9 variables there, 11 here"):
        code.Resume(larger, tmp_path)


def test_other_settings_are_refused(tmp_path: Path) -> None:
    fits.run(tmp_path, epochs=1)
    with pytest.raises(code.ResumeError, match=r"optimizer learning_rate was 0.01, is 0.02.\nUse the settings"):
        fits.run(tmp_path, model=fits.compiled(learning_rate=0.02))
    model = fits.compiled()
    resume = code.Resume(model, tmp_path)
    data = resume.batches((fits.X, fits.Y), 10, seed=4)
    with pytest.raises(code.ResumeError, match="batches batch_size was 8, is 10; batches seed was 3, is 4"):
        model.fit(data, epochs=2, initial_epoch=resume.epoch, callbacks=[resume], verbose=0)
    resume = code.Resume(model, tmp_path)
    data = resume.batches((fits.X, fits.Y[::-1]), 8, seed=3)
    with pytest.raises(code.ResumeError, match=r"settings: batches first numbers was \w+, is \w+\."):
        model.fit(data, epochs=2, initial_epoch=resume.epoch, callbacks=[resume], verbose=0)
    with pytest.raises(code.ResumeError, match=r"batches was .*, is not ours"):
        model.fit(fits.X, fits.Y, epochs=2, initial_epoch=1, callbacks=[code.Resume(model, tmp_path)], verbose=0)


def test_other_metrics_are_refused_in_the_middle_of_an_epoch(tmp_path: Path) -> None:
    fits.run(tmp_path, stop=fits.SignalAt(0, 1))
    model = fits.network()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), loss, run_eagerly=True)
    with pytest.raises(code.ResumeError, match="does not fit the metrics of this fit: 4 variables there, 2 here"):
        fits.run(tmp_path, model=model)


def refuse(match: str, fit: Callable[[Any, Any], Any], folder: Path) -> None:
    model = fits.compiled()
    with pytest.raises(code.ResumeError, match=match):
        fit(model, code.Resume(model, folder))


def test_wrong_uses_are_refused(tmp_path: Path) -> None:
    with pytest.raises(code.ResumeError, match=r"no weights yet.*\n.*keras.Input"):
        code.Resume(keras.Sequential([keras.layers.Dense(3)]), tmp_path)
    quiet = {"verbose": 0, "epochs": 2}
    refuse(r"not called by Keras.\nPass it to fit itself", lambda _, r: r.on_train_begin(), tmp_path)
    backup = CB.BackupAndRestore(tmp_path / "backup")
    refuse("Leave out BackupAndRestore", lambda m, r: m.fit(fits.X, fits.Y, callbacks=[backup, r], **quiet), tmp_path)
    refuse(
        "fit has None batches in an epoch, resume.batches gave 4, and .*\nGive fit this dataset, without repeat",
        lambda m, r: m.fit(r.batches((fits.X, fits.Y), 8).repeat(), callbacks=[r], **quiet),
        tmp_path,
    )
    refuse(
        "fit has 4 batches in an epoch, resume.batches gave 4, and steps_per_epoch is 4.",
        lambda m, r: m.fit(r.batches((fits.X, fits.Y), 8), steps_per_epoch=4, callbacks=[r], **quiet),
        tmp_path,
    )
    refuse(
        "fit does not read resume.batches in this epoch.\nGive fit the dataset that it returned, not cached",
        lambda m, r: m.fit(r.batches((fits.X, fits.Y), 8).cache(), callbacks=[r], **quiet),
        tmp_path / "cached",
    )
    refuse("called twice", lambda _, r: [r.batches((fits.X, fits.Y), 8), r.batches((fits.X, fits.Y), 8)], tmp_path)

    refuse(
        r"NotStorable-0/own/seen has a set, which a checkpoint cannot hold.\nLet get_state",
        lambda m, r: m.fit(fits.X, fits.Y, callbacks=[fits.NotStorable(), r], **quiet),
        tmp_path,
    )
    fits.run(tmp_path, epochs=1)
    model = fits.compiled()
    resume = code.Resume(model, tmp_path)
    with pytest.raises(code.ResumeError, match=r"fit begins at epoch 0, but 1 epochs are done.\nPass initial_epoch"):
        model.fit(resume.batches((fits.X, fits.Y), 8, seed=3), epochs=2, callbacks=[resume], verbose=0)


def test_what_is_lost_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forgetful = fits.Forgets()
    kept = [
        fits.Prints(),
        fits.CountsBatches(),
        CB.EarlyStopping(),
        CB.TerminateOnNaN(),
        CB.LambdaCallback(),
        CB.History(),
    ]
    assert code.callback_warnings(kept, tmp_path) == []
    (line,) = code.callback_warnings([forgetful], tmp_path)
    assert line.startswith("what Forgets remembers is not kept: give it get_state() and set_state(state)")
    elsewhere, here = CB.ModelCheckpoint("best.keras"), CB.ModelCheckpoint(tmp_path / "best.keras")
    assert code.callback_warnings([elsewhere, here], tmp_path) == []
    monkeypatch.setattr("trainyard.resume.SAGEMAKER_FOLDER", tmp_path)
    (line,) = code.callback_warnings([elsewhere, here], tmp_path)
    assert line == f"ModelCheckpoint writes best.keras, which a new machine lacks: let it write to {tmp_path}"


def test_a_tuning_job_s_training_jobs_keep_their_checkpoints_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints, config = tmp_path / "checkpoints", tmp_path / "input" / "config"
    config.mkdir(parents=True)
    checkpoints.mkdir()
    monkeypatch.setattr("trainyard.resume.SAGEMAKER_FOLDER", checkpoints)
    monkeypatch.setenv("TRAINING_JOB_NAME", "digits-001-abcd1234")
    assert code.usable_folder(None) == checkpoints
    (config / "hyperparameters.json").write_text('{"_tuning_objective_metric": "val_loss"}', encoding="utf-8")
    assert code.usable_folder(None) == checkpoints / "digits-001-abcd1234"
    elsewhere = CB.ModelCheckpoint("best.keras")
    (line,) = code.callback_warnings([elsewhere], checkpoints / "digits-001-abcd1234")
    assert line.endswith(f"let it write to {checkpoints / 'digits-001-abcd1234'}")


def test_this_keras_has_every_attribute_that_is_kept(tmp_path: Path) -> None:
    made = [CB.EarlyStopping(), CB.ReduceLROnPlateau(), CB.ModelCheckpoint("best.keras"), CB.SwapEMAWeights()]
    for each in made:
        each.on_train_begin()
    for each in (*made, CB.TensorBoard(tmp_path)):
        expected = list(code.KEPT_ATTRIBUTES[type(each)])
        assert code.kept_attributes(each) == expected
        code.restore_callback(each, dict.fromkeys(expected, 7))
        assert code.callback_state(each) == dict.fromkeys(expected, 7)


def test_every_optimizer_of_a_model_is_kept_and_every_type_of_number() -> None:
    model = fits.compiled()
    model.second_optimizer = keras.optimizers.SGD(momentum=0.9)
    model.second_optimizer.build(model.trainable_variables)
    groups = code.state_variables(model, with_metrics=True)
    assert {name: len(variables) for name, variables in groups.items()} == {
        "model": 9,
        "optimizer": 2,  # not built yet: its steps and its learning rate
        "second_optimizer": 8,
        "metrics": 2,
    }
    narrow = code.copy_array(keras.ops.cast([0.1], "bfloat16"))
    assert (narrow.dtype, narrow.tolist()) == (np.float32, [0.10009765625])


def test_another_backend_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = fits.network()
    monkeypatch.setattr("keras.backend.backend", lambda: "jax")
    with pytest.raises(code.ResumeError, match=r"Keras runs on jax.\nSet the variable KERAS_BACKEND to tensorflow"):
        code.Resume(model, tmp_path)


def test_a_callback_that_is_no_more_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fits.run(tmp_path, lambda: [CB.EarlyStopping()], epochs=1)
    fits.run(tmp_path, epochs=2)
    assert "note: the checkpoint has the state of EarlyStopping, which is no callback of" in capsys.readouterr().out


def test_without_a_folder_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("trainyard.resume.SAGEMAKER_FOLDER", tmp_path / "none")
    model = fits.compiled()
    resume = code.Resume(model)
    assert capsys.readouterr().out.startswith("trainyard: nothing is kept, as there is no ")
    data, stop = resume.batches((fits.X, fits.Y), 8), fits.SignalAt(0, 1)
    model.fit(data, epochs=2, callbacks=[resume, stop], shuffle=False, verbose=0)
    assert (resume.stopped, capsys.readouterr().out) == (
        True,
        "trainyard: stopped by SIGTERM; no checkpoint was written\n",
    )
    (tmp_path / "none").mkdir()
    run_in = code.Resume(fits.compiled())
    model.fit(fits.X, fits.Y, epochs=1, callbacks=[run_in], verbose=0)
    assert [path.name for path in (tmp_path / "none").iterdir()] == ["step-00000001"]


def test_sigterm_is_given_back(tmp_path: Path) -> None:
    received: list[int] = []
    former = signal.signal(signal.SIGTERM, lambda number, _: received.append(number))
    try:
        ours = signal.getsignal(signal.SIGTERM)
        fits.run(tmp_path / "a", epochs=1)
        assert signal.getsignal(signal.SIGTERM) == ours
        with pytest.raises(RuntimeError, match="a bug"):
            fits.run(tmp_path / "b", lambda: [fits.Breaks()], epochs=1)
        # After an exception Keras calls no callback. The signal is not for a fit that has ended.
        os.kill(os.getpid(), signal.SIGTERM)
        assert received == [signal.SIGTERM]
        assert signal.getsignal(signal.SIGTERM) == ours
    finally:
        signal.signal(signal.SIGTERM, former)
