"""Learns to classify the rows of a table: the last column of train.csv is the class, the others are numbers."""

import argparse
import os
from pathlib import Path

import keras
import numpy as np

import trainyard

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=20)
parser.add_argument("--seed", type=int, default=7)
parser.add_argument("--checkpoint_steps", type=int, default=0)
options = parser.parse_args()

table = np.loadtxt(Path(os.environ["SM_CHANNEL_TRAINING"]) / "train.csv", delimiter=",", dtype="float32")
table = np.random.default_rng(0).permutation(table)
x, y = table[:, :-1], table[:, -1].astype("int32")
held_out = len(x) // 5
x_train, y_train = x[held_out:], y[held_out:]


def batches(steps):
    """Each step draws its rows by the seed and its own number, so that it gets the same rows after an interruption."""
    for step in steps:
        rows = np.random.default_rng([options.seed, step]).integers(len(x_train), size=64)
        yield x_train[rows], y_train[rows]


keras.utils.set_random_seed(options.seed)
model = keras.Sequential(
    [
        keras.Input([x.shape[1]]),
        keras.layers.Dense(64, activation="relu"),
        keras.layers.Dropout(0.2),
        keras.layers.Dense(int(y.max()) + 1),
    ]
)
trainyard.train(
    model,
    keras.optimizers.Adam(0.01),
    keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    batches,
    epochs=options.epochs,
    steps_per_epoch=25,
    metrics={"accuracy": keras.metrics.sparse_categorical_accuracy},
    validation=(x[:held_out], y[:held_out]),
    checkpoint_steps=options.checkpoint_steps,
)
model.save(Path(os.environ["SM_MODEL_DIR"]) / "model.keras")
