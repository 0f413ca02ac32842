"""How good a model is on labelled images, from its predictions: plain values, without TensorFlow.

Precision, recall and F1 are those of scikit-learn, with 0 where nothing was predicted:
https://scikit-learn.org/stable/modules/generated/sklearn.metrics.precision_recall_fscore_support.html
"""

import csv
import json
from collections.abc import Sequence
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


def score(labels: Sequence[str], numbers: npt.NDArray[Any], predicted: npt.NDArray[Any]) -> dict[str, Any]:
    """Compare the true labels with the predicted ones.

    Args:
        labels: names of the labels.
        numbers: the index of each image's label, [images].
        predicted: probabilities, [images, labels].

    Returns:
        The number of images, accuracy and loss; with more than 5 labels, the accuracy of the top 5; the means of
        precision, recall and F1 over the labels with images, and these for each such label.
    """
    matrix = confusion(len(labels), numbers, predicted)
    known = matrix.sum(axis=1) > 0
    right, images, answers = matrix.diagonal(), matrix.sum(axis=1), matrix.sum(axis=0)
    precision = right / np.maximum(answers, 1)
    recall = right / np.maximum(images, 1)
    f1 = 2 * right / np.maximum(images + answers, 1)
    probability = np.clip(predicted[np.arange(len(numbers)), numbers].astype(np.float64), LEAST_PROBABILITY, 1)
    top = {f"top_{TOP}_accuracy": _top_accuracy(numbers, predicted)} if len(labels) > TOP else {}
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


def confusion(labels: int, numbers: npt.NDArray[Any], predicted: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """How many images of each label (rows) the model took for each label (columns), [labels, labels]."""
    pairs = numbers.astype(np.int64) * labels + predicted.argmax(axis=1)
    return np.bincount(pairs, minlength=labels * labels).reshape(labels, labels)


def worst(
    labels: Sequence[str], names: Sequence[str], numbers: npt.NDArray[Any], predicted: npt.NDArray[Any]
) -> list[dict[str, Any]]:
    """The wrongly predicted images of which the model was most certain, the most certain first."""
    answer, certainty = predicted.argmax(axis=1), predicted.max(axis=1)
    wrong = [place for place in np.argsort(-certainty, kind="stable") if answer[place] != numbers[place]]
    return [
        {
            "image": names[place],
            "label": labels[numbers[place]],
            "predicted": labels[answer[place]],
            "probability": float(certainty[place]),
        }
        for place in wrong[:WORST]
    ]


def write(
    folder: Path,
    labels: Sequence[str],
    names: Sequence[str],
    numbers: npt.NDArray[Any],
    predicted: npt.NDArray[Any],
) -> dict[str, Any]:
    """Write metrics.json and confusion_matrix.json.

    Args:
        folder: where to; it exists.
        labels: names of the labels.
        names: the images' paths below the folder with the labels.
        numbers: the index of each image's label, [images].
        predicted: probabilities, [images, labels].

    Returns:
        The scores, which metrics.json holds with the worst images.

    Raises:
        OSError: a file cannot be written.
    """
    scores = score(labels, numbers, predicted)
    metrics = {**scores, "worst": worst(labels, names, numbers, predicted)}
    matrix = {"labels": list(labels), "matrix": confusion(len(labels), numbers, predicted).tolist()}
    for name, content in ((METRICS, metrics), (CONFUSION, matrix)):
        text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
        (folder / name).write_text(text, encoding="utf-8", errors="surrogateescape")
    return scores


def write_predictions(
    folder: Path,
    labels: Sequence[str],
    names: Sequence[str],
    numbers: npt.NDArray[Any],
    predicted: npt.NDArray[Any],
) -> None:
    """Write predictions.csv: for each image its label, its most probable label, and that one's probability.

    Args:
        folder: where to; it exists.
        labels: names of the labels.
        names: the images' paths below the folder with the labels.
        numbers: the index of each image's label, [images].
        predicted: probabilities, [images, labels].

    Raises:
        OSError: the file cannot be written.
    """
    with (folder / PREDICTIONS).open("w", encoding="utf-8", newline="", errors="surrogateescape") as file:
        rows = csv.writer(file)
        rows.writerow(("image", "label", "predicted", "probability"))
        for name, number, each in zip(names, numbers, predicted, strict=True):
            rows.writerow((name, labels[number], labels[each.argmax()], f"{each.max():.6f}"))


def _top_accuracy(numbers: npt.NDArray[Any], predicted: npt.NDArray[Any]) -> float:
    own = predicted[np.arange(len(numbers)), numbers]
    return float(((predicted > own[:, np.newaxis]).sum(axis=1) < TOP).mean())
