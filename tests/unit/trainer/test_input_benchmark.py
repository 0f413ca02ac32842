"""The benchmark of the input, with few images: images that are kept cost a part of decoding them again."""

import pytest

from tests.unit.trainer.trainer_runs import run_for_json

pytestmark = pytest.mark.e2e

MEASURE = """
import json
from benchmarks import epochs, inputs

inputs.ROUNDS = 5
print(json.dumps(inputs.measure(epochs.Row("few", "few", "small_cnn", 32, 3, 32, images=64, side=256))))
"""


def test_images_that_are_kept_cost_less_than_half_of_decoding_them_again() -> None:
    costs = run_for_json(MEASURE)
    assert costs["the trainer"] < costs["nothing kept"] / 2
    assert costs["synthetic input"] < costs["nothing kept"] / 2
