"""Batches of one's own: what is refused, how they are divided, and what their fingerprint depends on."""

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from trainyard.errors import JobError

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
pytestmark = pytest.mark.e2e


def numbered(steps: range) -> Iterator[Any]:
    """Batches of four examples: a dict of inputs, and targets."""
    for step in steps:
        rows = np.arange(4) + 4 * step
        yield {"a": rows[:, None], "b": rows.astype("float32")}, rows


def test_devices_take_equal_parts_of_a_batch_in_turn() -> None:
    from trainyard.batches import Source

    source = Source(numbered, 5)
    assert source.size == 4
    drawn = list(source.dataset(range(3, 5), devices=2).as_numpy_iterator())
    assert [targets.tolist() for _, targets in drawn] == [[12, 13], [14, 15], [16, 17], [18, 19]]
    assert [inputs["a"].shape for inputs, _ in drawn] == [(2, 1)] * 4


def test_each_validation_example_is_drawn_once_and_then_none() -> None:
    from trainyard.batches import validation_batches

    inputs, targets = next(numbered(range(1)))
    drawn = validation_batches((inputs, targets), 3).take(4).as_numpy_iterator()
    assert [targets.tolist() for _, targets in drawn] == [[0, 1, 2], [3], [], []]


@pytest.mark.parametrize(
    ("first", "problem"),
    [
        ([], "gives no batch"),
        ([np.ones(3)], "ndarray, not a pair"),
        ([(np.ones(3), np.ones(2))], r"the shapes \(3,\), \(2,\)"),
    ],
)
def test_a_first_batch_that_is_none_is_refused(first: Any, problem: str) -> None:
    from trainyard.batches import Source

    with pytest.raises(JobError, match=problem):
        Source(lambda _: first, 1)


@pytest.mark.parametrize(
    ("second", "kind", "problem"),
    [
        ((np.ones((1, 2)), np.ones(1)), JobError, r"The batch of step 1 has an array float64 \(1, 2\), that of step 0"),
        ((np.ones((2, 2)), np.ones(2, int)), JobError, r"int64 \(2,\), that of step 0 has float64 \(2,\)"),
        (ZeroDivisionError("mine"), ZeroDivisionError, "mine"),
        (None, JobError, "gives no batch for step 1"),
    ],
)
def test_what_your_function_does_wrong_later_is_kept(second: Any, kind: type[Exception], problem: str) -> None:
    """TensorFlow's own error hides the function's: `train` raises this one instead."""
    from tensorflow import errors

    from trainyard.batches import Source

    def batches(steps: range) -> Iterator[Any]:
        for step in steps:
            if step == 0:
                yield np.ones((2, 2)), np.ones(2)
            elif isinstance(second, Exception):
                raise second
            elif second:
                yield second

    source = Source(batches, 1)
    with pytest.raises(errors.OpError):
        list(source.dataset(range(2), devices=1))
    assert isinstance(source.error, kind)
    with pytest.raises(kind, match=problem):
        raise source.error


def restarted(steps: range) -> Iterator[Any]:
    """It counts from 0, whatever the steps are."""
    return numbered(range(len(steps)))


def unseeded(steps: range) -> Iterator[Any]:
    for _ in steps:
        rows = np.random.default_rng().normal(size=4)
        yield rows, rows


@pytest.mark.parametrize("batches", [restarted, unseeded])
def test_batches_that_depend_on_more_than_the_step_are_refused(batches: Any) -> None:
    from trainyard.batches import Source

    with pytest.raises(JobError, match=r"The batch of step 1 is another one in `batches\(range\(2\)\)`") as caught:
        Source(batches, 10)
    assert "default_rng([seed, step])" in caught.value.fix


def test_the_fingerprint_depends_on_bytes_types_and_shapes() -> None:
    from trainyard.batches import fingerprint

    one = (np.arange(4), np.zeros(4))
    assert fingerprint(one) == fingerprint((np.arange(8)[::2] // 2, np.zeros(4)))
    others = [
        (np.arange(4)[::-1], np.zeros(4)),
        (np.arange(4, dtype="int32"), np.zeros(4)),
        (np.arange(4).reshape(2, 2), np.zeros(4)),
    ]
    assert len({fingerprint(each) for each in [one, *others]}) == 4


def test_validation_without_an_example_is_refused() -> None:
    from trainyard.batches import as_validation

    with pytest.raises(JobError, match="no example"):
        as_validation((np.ones((0, 2)), np.ones(0)))
