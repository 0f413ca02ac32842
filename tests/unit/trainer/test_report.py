"""The scores of a model, from labels and probabilities."""

import csv
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFont

from trainer.tasks import charts, report

PREDICTED = np.array([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0], [0.6, 0.4, 0.0]], dtype=np.float32)
LABELS, NUMBERS = ["a", "b", "c"], np.array([0, 1, 1])
FOUND = report.Predictions(LABELS, ["a/1.png", "b/1.png", "b/2.png"], NUMBERS, PREDICTED)


def test_scores_are_means_and_numbers_by_label() -> None:
    scores = report.score(FOUND)
    assert scores["accuracy"] == pytest.approx(2 / 3)
    assert scores["loss"] == pytest.approx(-(np.log(0.9) + np.log(0.8) + np.log(0.4)) / 3)
    assert scores["labels"] == {
        "a": {"images": 1, "precision": 0.5, "recall": 1.0, "f1": pytest.approx(2 / 3)},
        "b": {"images": 2, "precision": 1.0, "recall": 0.5, "f1": pytest.approx(2 / 3)},
    }
    assert (scores["precision"], scores["recall"]) == (0.75, 0.75)
    assert "top_5_accuracy" not in scores


@pytest.mark.e2e
@settings(max_examples=25, deadline=None)
@given(st.integers(2, 8), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_scores_are_those_of_scikit_learn(labels: int, images: int, seed: int) -> None:
    from sklearn import metrics

    chance = np.random.default_rng(seed)
    numbers = chance.integers(0, labels, images)
    predicted = chance.dirichlet(np.ones(labels), images).astype(np.float32)
    names, answers = [f"label {number}" for number in range(labels)], predicted.argmax(axis=1)
    found = report.Predictions(names, [""] * images, numbers, predicted)
    scores = report.score(found)
    known = sorted(set(numbers.tolist()))
    expected = metrics.precision_recall_fscore_support(numbers, answers, labels=known, zero_division=0)
    for kind, values in zip(("precision", "recall", "f1"), expected[:3], strict=True):
        assert [scores["labels"][names[number]][kind] for number in known] == pytest.approx(values)
        assert scores[kind] == pytest.approx(values.mean())
    matrix = metrics.confusion_matrix(numbers, answers, labels=range(labels))
    assert (found.confusion == matrix).all()
    if labels > report.TOP:
        top = metrics.top_k_accuracy_score(numbers, predicted, k=report.TOP, labels=range(labels))
        assert scores["top_5_accuracy"] == pytest.approx(top)


def test_the_worst_images_are_those_of_which_the_model_was_wrongly_certain() -> None:
    predicted = np.array([[0.3, 0.7], [0.05, 0.95], [0.1, 0.9]], dtype=np.float32)
    three = report.Predictions(["a", "b"], ["x.png", "y.png", "z.png"], np.array([0, 0, 1]), predicted)
    found = report.worst(three)
    assert [each["image"] for each in found] == ["y.png", "x.png"]
    assert found[0] == {"image": "y.png", "label": "a", "predicted": "b", "probability": pytest.approx(0.95)}


def test_the_files_of_a_report_hold_the_same(tmp_path: Path) -> None:
    names = ["a/1.png", "b/odd, name.png", "b/\udcff.png"]  # a name that is not UTF-8
    found = dataclasses.replace(FOUND, names=names)
    report.write(tmp_path, found)
    report.write_predictions(tmp_path, found)
    metrics = json.loads((tmp_path / report.METRICS).read_text(encoding="utf-8", errors="surrogateescape"))
    assert metrics["accuracy"] == pytest.approx(2 / 3)
    assert [each["image"] for each in metrics["worst"]] == ["b/\udcff.png"]
    assert json.loads((tmp_path / report.CONFUSION).read_text())["matrix"] == [[1, 0, 0], [1, 1, 0], [0, 0, 0]]
    with (tmp_path / report.PREDICTIONS).open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows] == names
    assert [row["predicted"] for row in rows] == ["a", "b", "a"]


@pytest.mark.e2e
@pytest.mark.parametrize("labels", [2, 40, 300])
def test_a_confusion_matrix_is_drawn_with_dark_cells_where_the_model_is_right(labels: int, tmp_path: Path) -> None:
    names = [f"label {number} " + "x" * number for number in range(labels)]
    charts.draw_confusion(names, np.diag(np.full(labels, 7)), tmp_path / charts.CONFUSION)
    with Image.open(tmp_path / charts.CONFUSION) as image:
        assert image.format == "PNG"
        dark = sum(count for count, colour in image.getcolors(1 << 20) or [] if colour == charts.DARK)
    cell = charts.CELL if labels <= charts.MOST_NAMED else charts.SMALL_CELL
    assert 0.5 * labels * cell**2 < dark <= labels * cell**2


def test_a_label_that_the_font_cannot_write_is_drawn_as_its_number() -> None:
    font = ImageFont.load_default(13)
    labels = ["cat_2 (big)", "猫", "café", "\udcff", "x" * 30]
    drawn = [charts.name_in_drawing(number, label, font) for number, label in enumerate(labels)]
    assert drawn == ["cat_2 (big)", "no. 1", "no. 2", "?", "x" * 23 + "…"]
