"""How good a model is on labelled images, from its predictions: plain values, without TensorFlow.

Precision, recall and F1 are those of scikit-learn, with 0 where nothing was predicted:
https://scikit-learn.org/stable/modules/generated/sklearn.metrics.precision_recall_fscore_support.html
"""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

METRICS, CONFUSION, PREDICTIONS = "metrics.json", "confusion_matrix.json", "predictions.csv"
TOP = 5
"""An image counts for the accuracy of the top 5 if its label is among the 5 most probable ones."""
WORST = 20
"""So many wrongly predicted images are named: those of which the model was most certain."""
LEAST_PROBABILITY = 1e-7
"""float32 rounds tiny probabilities to 0, which would make the loss infinite."""


@dataclass(frozen=True)
class Predictions:
    """What a model says about some labelled images.

    Args:
        labels: names of the labels.
        names: the images' paths below the folder with the labels.
        numbers: the index of each image's label, [images].
        probabilities: of each label, float32 [images, labels].
    """

    labels: Sequence[str]
    names: Sequence[str]
    numbers: npt.NDArray[Any]
    probabilities: npt.NDArray[Any]

    @property
    def answers(self) -> npt.NDArray[Any]:
        """The index of each image's most probable label, [images]."""
        return np.asarray(self.probabilities.argmax(axis=1))

    @property
    def confusion(self) -> npt.NDArray[np.int64]:
        """How many images of each label (rows) the model took for each label (columns), [labels, labels]."""
        labels = len(self.labels)
        pairs = self.numbers.astype(np.int64) * labels + self.answers
        return np.bincount(pairs, minlength=labels * labels).reshape(labels, labels)

    @property
    def own(self) -> npt.NDArray[Any]:
        """The probability of each image's own label, [images]."""
        return np.asarray(self.probabilities[np.arange(len(self.numbers)), self.numbers])


def score(found: Predictions) -> dict[str, Any]:
    """Compare the true labels with the predicted ones.

    Returns:
        The number of images, accuracy and loss; with more than 5 labels, the accuracy of the top 5; the means of
        precision, recall and F1 over the labels with images, and these for each such label.
    """
    labels, numbers, matrix = found.labels, found.numbers, found.confusion
    known = matrix.sum(axis=1) > 0
    right, images, answers = matrix.diagonal(), matrix.sum(axis=1), matrix.sum(axis=0)
    precision = right / np.maximum(answers, 1)
    recall = right / np.maximum(images, 1)
    f1 = 2 * right / np.maximum(images + answers, 1)
    probability = np.clip(found.own.astype(np.float64), LEAST_PROBABILITY, 1)
    better = (found.probabilities > found.own[:, np.newaxis]).sum(axis=1)
    top = {f"top_{TOP}_accuracy": float((better < TOP).mean())} if len(labels) > TOP else {}
    return {
        "images": len(numbers),
        "accuracy": float(right.sum() / len(numbers)),
        **top,
        "loss": float(-np.log(probability).mean()),
        "precision": float(precision[known].mean()),
        "recall": float(recall[known].mean()),
        "f1": float(f1[known].mean()),
        "labels": {
            label: {
                "images": int(images[number]),
                "precision": float(precision[number]),
                "recall": float(recall[number]),
                "f1": float(f1[number]),
            }
            for number, label in enumerate(labels)
            if known[number]
        },
    }


def worst(found: Predictions) -> list[dict[str, Any]]:
    """The wrongly predicted images of which the model was most certain, the most certain first."""
    answers, certainty = found.answers, found.probabilities.max(axis=1)
    wrong = [place for place in np.argsort(-certainty, kind="stable") if answers[place] != found.numbers[place]]
    return [
        {
            "image": found.names[place],
            "label": found.labels[found.numbers[place]],
            "predicted": found.labels[answers[place]],
            "probability": float(certainty[place]),
        }
        for place in wrong[:WORST]
    ]


def write(folder: Path, found: Predictions) -> dict[str, Any]:
    """Write metrics.json and confusion_matrix.json into a folder that exists.

    Returns:
        The scores, which metrics.json holds with the worst images.

    Raises:
        OSError: a file cannot be written.
    """
    scores = score(found)
    metrics = {**scores, "worst": worst(found)}
    matrix = {"labels": list(found.labels), "matrix": found.confusion.tolist()}
    for name, content in ((METRICS, metrics), (CONFUSION, matrix)):
        text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
        (folder / name).write_text(text, encoding="utf-8", errors="surrogateescape")
    return scores


def write_predictions(folder: Path, found: Predictions) -> None:
    """Write predictions.csv: for each image its label, its most probable label, and that one's probability.

    Raises:
        OSError: the file cannot be written.
    """
    with (folder / PREDICTIONS).open("w", encoding="utf-8", newline="", errors="surrogateescape") as file:
        rows = csv.writer(file)
        rows.writerow(("image", "label", "predicted", "probability"))
        for name, number, answer, each in zip(
            found.names, found.numbers, found.answers, found.probabilities, strict=True
        ):
            rows.writerow((name, found.labels[number], found.labels[answer], f"{each[answer]:.6f}"))
