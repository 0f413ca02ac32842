"""The table of epochs: aligned, narrow enough, and with the values as printed."""

from scripts.runs.epoch_table import WIDTH, EpochTable, epoch_of_row, is_header
from scripts.runs.logs import Epoch

VALUES = {
    "loss": "8.645e-05", "accuracy": "0.7562", "val_loss": "1.934e-05", "val_accuracy": "0.2333",
    "learning_rate": "0.0008955", "seconds": "0.3212", "images_per_second": "1.234e+06",
}  # fmt: skip


def test_rows_are_aligned_under_their_header() -> None:
    table = EpochTable()
    header, first = table.lines(Epoch(1, 15, VALUES))
    (second,) = table.lines(Epoch(15, 15, {**VALUES, "loss": "1"}))
    assert header == "epoch       loss  accuracy   val_loss  val_accuracy  learning_rate   seconds  images/s"
    assert second == "15/15          1    0.7562  1.934e-05        0.2333      0.0008955    0.3212  1.234e+06"
    assert first.split() == ["1/15", *VALUES.values()]


def test_the_trainer_s_rows_fit_a_usual_terminal() -> None:
    for prefix, epochs in (("", 10_000), ("algo-1: ", 1000)):
        assert max(map(len, EpochTable().lines(Epoch(epochs, epochs, VALUES), prefix))) <= WIDTH


def test_a_row_that_would_wrap_is_left_to_the_log() -> None:
    many = {f"a_metric_with_a_long_name_{number}": "1" for number in range(4)}
    assert EpochTable().lines(Epoch(1, 2, many)) == []


def test_an_epoch_without_metrics_is_left_to_the_log() -> None:
    assert EpochTable().lines(Epoch(1, 2, {})) == []


def test_the_header_is_repeated() -> None:
    table = EpochTable()
    counts = [len(table.lines(Epoch(epoch, 50, {"loss": "1"}))) for epoch in range(1, 42)]
    assert [epoch for epoch, count in enumerate(counts, 1) if count == 2] == [1, 21, 41]
    assert len(table.lines(Epoch(42, 50, {"loss": "1", "val_loss": "1"}))) == 2
    assert len(table.lines(Epoch(43, 50, {"loss": "1", "val_loss": "1"}))) == 1


def test_headers_and_rows_are_recognised_again() -> None:
    for prefix in ("", "algo-1: "):
        header, row = EpochTable().lines(Epoch(3, 15, VALUES), prefix)
        assert is_header(header)
        assert epoch_of_row(header) is None
        assert epoch_of_row(row) == (3, 15)
        assert not is_header(row)
    for other in ("Uploading: 3 of 15 files", "12:00:00 Training: 1/2", "epoch=1 epochs=2 loss=1", ""):
        assert epoch_of_row(other) is None
        assert not is_header(other)
