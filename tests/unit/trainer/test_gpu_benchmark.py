"""The benchmark of a GPU, with a tiny network on the CPU."""

import pytest

from tests.unit.trainer.trainer_runs import run_for_json

pytestmark = pytest.mark.e2e

MEASURE = """
import json
from benchmarks import epochs, gpu

gpu.ROUNDS = 1
found = gpu.measure(epochs.Row("tiny", "tiny", "small_cnn", 8, 3, 4, images=8, side=16))
try:
    gpu.main(8)
except SystemExit as end:
    print(json.dumps([found.speeds, found.interval, found.share, gpu.rows(found), str(end)]))
"""


def test_the_benchmark_of_a_gpu_measures_speeds_and_checkpoints() -> None:
    speeds, interval, share, rows, ending = run_for_json(MEASURE)
    assert len(speeds) == 3
    assert all(speed > 0 for speed in speeds.values())
    assert interval >= 30
    assert 0 <= share < 1
    assert len(rows) == 5
    assert ending == "TensorFlow sees no GPU on this machine."
