"""Which state the last checkpoint holds."""

import os
from pathlib import Path

import numpy as np
import pytest

from trainyard.checkpoints import checkpoint
from trainyard.checkpoints.interval import Interval

pytestmark = pytest.mark.e2e


def test_the_last_checkpoint_holds_the_epochs_results(tmp_path: Path) -> None:
    """Even if a checkpoint of the same step was written before these results."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras

    from trainyard.checkpoints.saver import CheckpointSaver
    from trainyard.run import Run, Stage

    model, best = (keras.Sequential([keras.Input([2]), keras.layers.Dense(2)]) for _ in range(2))
    optimizer = keras.optimizers.Adam()
    optimizer.build(model.trainable_variables)
    run = Run(
        model,
        best,
        [Stage(0, optimizer)],
        keras.losses.MeanSquaredError(reduction=None),
        {"distance": keras.losses.mean_absolute_error},
    )
    with CheckpointSaver(tmp_path, Interval(steps=5), run, {}, None) as saver:
        run.step = 5
        run.totals.assign([1, 2, 3])
        saver.save_if_due()
        before = saver.save_now()
        run.end_epoch({"epoch": 1, "loss": 0.5})
        last = saver.save_now()
        assert saver.save_now() == last
    assert before is not None
    assert last is not None
    assert (last.step, last.about["best_epoch"]) == (5, 1)
    assert last.digest != before.digest
    kept = last.read()
    assert kept["totals"].tolist() == [0, 0, 0]
    assert np.array_equal(kept["best/0000"], model.variables[0].numpy())
    assert [each.step for each in checkpoint.find_checkpoints(tmp_path)[0]] == [5]
