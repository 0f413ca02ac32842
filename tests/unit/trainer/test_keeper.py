"""When the present state is in a checkpoint, and when it is not yet."""

import os
from pathlib import Path

import numpy as np
import pytest

from trainer.checkpoints import checkpoint
from trainer.checkpoints.interval import Interval

pytestmark = pytest.mark.e2e


def test_the_last_state_is_that_after_the_epochs_end(tmp_path: Path) -> None:
    """A checkpoint of the same step may have been made before it."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras

    from trainer.checkpoints.keeper import Keeper
    from trainer.run import Run

    model, best = (keras.Sequential([keras.Input([2]), keras.layers.Dense(2)]) for _ in range(2))
    optimizer = keras.optimizers.Adam()
    optimizer.build(model.trainable_variables)
    run = Run(model, best, optimizer)
    with Keeper(tmp_path, Interval(steps=5), run, {}, None) as keeper:
        run.step = 5
        run.totals.assign([1, 2, 3])
        keeper.look()
        before = keeper.now()
        run.end_epoch({"epoch": 1, "loss": 0.5})
        last = keeper.now()
        assert keeper.now() == last
    assert before is not None
    assert last is not None
    assert (last.step, last.about["best_epoch"]) == (5, 1)
    assert last.digest != before.digest
    kept = last.read()
    assert kept["totals"].tolist() == [0, 0, 0]
    assert np.array_equal(kept["best/0000"], model.variables[0].numpy())
    assert [each.step for each in checkpoint.look(tmp_path)[0]] == [5]
