"""The checkpoints of `Resume` on the disk, the batches that it shuffles, a kill within an epoch, two devices."""

import json
import os
import resource
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.late import Late
from tests.unit.trainer import forked
from tests.unit.trainer.trainer_runs import ROOT, environment, run_for_json

pytestmark = pytest.mark.e2e

code = Late("trainyard.resume")


def state(batches: int) -> Any:
    about = {"program": "trainyard.Resume", "batches": batches}
    return code.State({"model/000000": np.full((50, 10), batches, np.float32)}, about)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_written_is_read(tmp_path: Path) -> None:
    assert code.find_newest(tmp_path) is None
    for batches in (9, 10, 100_000_000):
        code.write_checkpoint(tmp_path, state(batches))
    found = code.find_newest(tmp_path)
    assert found is not None
    assert (found.batches, found.path) == (100_000_000, tmp_path / "step-100000000")
    assert np.array_equal(found.group("model")[0], state(100_000_000).arrays["model/000000"])
    # The same batches again, as after a stop that lost nothing.
    code.write_checkpoint(tmp_path, state(10))
    assert names(tmp_path) == ["step-00000009", "step-00000010", "step-100000000"]
    assert names(tmp_path / "step-00000010") == [code.ABOUT, code.MANIFEST, code.STATE]


def test_two_checkpoints_that_s3_has_are_kept_and_all_newer_ones(tmp_path: Path) -> None:
    writer = code.Writer(tmp_path)
    assert writer.describe() == "no checkpoint was written"
    for batches, age in enumerate((300, 200, 100, 61, 30)):
        os.utime(code.write_checkpoint(tmp_path, state(batches)), times=(0, time.time() - age))
    writer.submit(state(5))
    writer.wait()
    assert writer.describe() == f"the checkpoint is {tmp_path / 'step-00000005'}"
    assert names(tmp_path) == [f"step-0000000{batches}" for batches in (2, 3, 4, 5)]
    assert writer.cost > 0


def cut_short(path: Path) -> None:
    (path / code.STATE).write_bytes((path / code.STATE).read_bytes()[:-1])


def of_another(path: Path) -> None:
    shutil.copy(path.parent / "step-00000010" / code.STATE, path / code.STATE)


TORN: dict[str, Callable[[Path], Any]] = {
    "is missing": lambda path: (path / code.MANIFEST).unlink(),
    "the file state.npz is missing": lambda path: (path / code.STATE).unlink(),
    "state.npz does not match manifest.json": cut_short,
    "state.npz does not match": of_another,
    "about.json does not match": lambda path: (path / code.ABOUT).write_text("{}"),
    "manifest.json is damaged": lambda path: (path / code.MANIFEST).write_text('{"files": {'),
    "is damaged": lambda path: (path / code.MANIFEST).write_text("[]"),
}


@pytest.mark.parametrize("reason", TORN)
def test_a_torn_checkpoint_is_skipped(reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for batches in (10, 20):
        code.write_checkpoint(tmp_path, state(batches))
    TORN[reason](tmp_path / "step-00000020")
    found = code.find_newest(tmp_path)
    assert found is not None
    assert found.batches == 10
    printed = capsys.readouterr().out
    assert printed.startswith(f"trainyard: warning: {tmp_path / 'step-00000020'} is not complete: ")
    assert reason in printed
    assert names(tmp_path) == ["aside-00000020", "step-00000010"]


def test_if_all_are_torn_the_training_starts_from_the_beginning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for batches in (10, 20):
        cut_short(code.write_checkpoint(tmp_path, state(batches)))
    for _ in range(2):
        assert code.find_newest(tmp_path) is None
        assert "has no complete checkpoint: the training starts from the beginning" in capsys.readouterr().out
    assert names(tmp_path) == ["aside-00000010", "aside-00000020"]


def test_another_program_s_checkpoint_is_refused(tmp_path: Path) -> None:
    code.write_checkpoint(tmp_path, code.State({}, {"step": 3, "batches": 3}))
    with pytest.raises(code.ResumeError, match=r"is a checkpoint of another program.\nGive Resume an empty folder"):
        code.find_newest(tmp_path)


def test_a_folder_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(code.ResumeError, match=r"file cannot hold checkpoints: File exists.\nGive Resume a folder"):
        code.usable_folder(tmp_path / "file")
    (tmp_path / "partial-00000003").mkdir()
    assert code.usable_folder(tmp_path) == tmp_path
    assert names(tmp_path) == ["file"]


def test_a_full_disk_is_reported_and_the_training_continues(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    writer = code.Writer(tmp_path)
    writer.submit(state(1))
    writer.wait()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        writer.submit(state(2))
        writer.wait()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert capsys.readouterr().out == (
        f"trainyard: warning: the checkpoint after batch 2, 2,000 bytes, cannot be written to {tmp_path}: File too "
        f"large. The training continues; the newest whole checkpoint is {tmp_path / 'step-00000001'}\n"
    )
    assert names(tmp_path) == ["step-00000001"]
    writer.submit(state(3))
    writer.wait()
    assert names(tmp_path) == ["step-00000001", "step-00000003"]
    assert writer.describe().startswith("the checkpoint is ")


def test_when_a_checkpoint_is_due(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("trainyard.resume.time.monotonic", lambda: now)
    writer, interval = code.Writer(tmp_path), code.Interval(30, None)
    now = 1029.0
    assert not interval.is_due(99, writer)
    now = 1030.0
    assert interval.is_due(99, writer)
    writer.cost = 0.5  # 1% of 50 seconds
    assert not interval.is_due(99, writer)
    now = 1050.0
    assert interval.is_due(99, writer)
    interval.restart(99)
    assert not interval.is_due(99, writer)
    by_steps = code.Interval(30, 5)
    by_steps.restart(10)
    assert [by_steps.is_due(batches, writer) for batches in (11, 14, 15, 16)] == [False, False, True, True]


def test_plain_data_with_arrays_are_packed_and_unpacked() -> None:
    value = {
        "array": np.arange(3, dtype=np.int16),
        "nested": [None, True, 1, 0.1, "text", {"scalar": np.float32(0.1), "nan": float("inf")}],
        "of arrays": [np.zeros(2), np.ones(2)],
    }
    arrays: dict[str, Any] = {}
    packed = json.loads(json.dumps(code.pack(value, "it", arrays)))
    assert sorted(arrays) == ["it/array", "it/nested/5/scalar", "it/of arrays/0", "it/of arrays/1"]
    assert repr(code.unpack(packed, arrays)) == repr(value)


def test_an_order_holds_every_example_once_and_depends_on_seed_and_epoch() -> None:
    orders = [code.permutation(100, seed, epoch) for seed, epoch in ((0, 0), (0, 1), (1, 0))]
    assert all(sorted(order) == list(range(100)) for order in orders)
    assert len({tuple(order) for order in orders}) == 3
    # In every version of NumPy and on every machine.
    assert code.permutation(8, 7, 3).tolist() == [2, 5, 7, 3, 0, 6, 4, 1]


def test_batches_of_any_step_are_those_of_the_whole_epoch(tmp_path: Path) -> None:
    saved = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.float32, (10, 2))
    saved[:] = np.arange(20).reshape(10, 2)
    data = ({"x": saved, "name": [f"é{number}" for number in range(10)]}, np.arange(10))
    batches = code.ShuffledBatches(data, 3, seed=1)
    assert (batches.size, batches.steps) == (10, 4)
    dataset = batches.dataset().map(lambda inputs, label: (inputs["x"], inputs["name"], label))
    assert int(dataset.cardinality()) == 4
    assert dataset.element_spec[0].shape.as_list() == [None, 2]

    def epoch(number: int, first: int = 0, repeated: int = 1) -> list[list[int]]:
        batches.begin(number, first, repeated)
        given = [[each.numpy() for each in batch] for batch in dataset]
        for x, name, label in given:
            assert x[:, 0].tolist() == [2 * number for number in label]
            assert [text.decode() for text in name] == [f"é{number}" for number in label]
        return [label.tolist() for _, _, label in given]

    whole = epoch(5)
    assert sorted(label for labels in whole for label in labels) == list(range(10))
    assert [len(labels) for labels in whole] == [3, 3, 3, 1]
    assert epoch(6) != whole
    assert epoch(5) == whole
    # From the step 2: twice the first time, then on; what comes after the epoch's end is not used.
    assert epoch(5, first=2)[:3] == [whole[2], whole[2], whole[3]]
    assert epoch(5, first=2, repeated=2)[:4] == [whole[2], whole[3], whole[2], whole[3]]


def test_arrays_that_make_no_batches_are_refused() -> None:
    with pytest.raises(code.ResumeError, match=r"The arrays have 2 and 3 examples.\n.*the same number"):
        code.ShuffledBatches((np.zeros(2), np.zeros(3)), 1, 0)
    with pytest.raises(code.ResumeError, match="The arrays have 0 examples"):
        code.ShuffledBatches(np.float32(1), 1, 0)
    with pytest.raises(code.ResumeError, match=r"of the type object.\nGive resume.batches arrays of numbers or text"):
        code.ShuffledBatches(np.array([None, 1]), 1, 0)
    texts = np.array(["a", "é"], dtype=object)
    assert next(iter(code.ShuffledBatches(texts, 2, 0).dataset())).numpy().tolist() in (
        [b"a", "é".encode()],
        ["é".encode(), b"a"],
    )


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.unit.trainyard.fits import SignalAt, run

folder, at = Path(sys.argv[1]), [int(number) for number in sys.argv[2:]]
stop = SignalAt(*at, number=signal.SIGKILL) if at else None
fit = run(folder, stop=stop, steps=1, epochs=3)
print(fit.bits, fit.history, fit.batches[0])
"""


def test_a_kill_in_the_middle_of_an_epoch_changes_nothing(tmp_path: Path) -> None:
    def end(*arguments: str) -> tuple[int, str]:
        ended = forked.run(["-c", KILLED, *arguments], ROOT, environment(), timeout=240)
        return ended.returncode, ended.stdout.splitlines()[-1] if ended.stdout else ended.stderr

    status, uninterrupted = end(str(tmp_path / "a"))
    assert status == 0, uninterrupted
    assert end(str(tmp_path / "b"), "1", "2")[0] == -9
    # The checkpoint of the step before the kill is complete, or the one before that.
    newest = code.find_newest(tmp_path / "b")
    assert newest is not None
    assert newest.batches in (5, 6)
    status, resumed = end(str(tmp_path / "b"))
    assert status == 0, resumed
    assert resumed == uninterrupted.replace("(0, 0)", f"(1, {newest.batches - 4})")


DEVICES = """
import json, sys
from pathlib import Path
import numpy as np
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from tests.unit.trainyard.fits import SignalAt, compiled, run


def fit(folder, stop=None):
    with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
        model = compiled(run_eagerly=False)
    return run(Path(sys.argv[1]) / folder, model=model, stop=stop, epochs=2, validation=False)


whole, stopped, resumed = fit("whole"), fit("cut", SignalAt(0, 1)), fit("cut")
np.testing.assert_allclose(resumed.history["loss"], whole.history["loss"], rtol=1e-6)
print(json.dumps([whole.bits == resumed.bits, resumed.batches[0]]))
"""


def test_several_devices_resume_with_the_same_weights(tmp_path: Path) -> None:
    assert run_for_json(DEVICES, str(tmp_path)) == [True, [0, 2]]
