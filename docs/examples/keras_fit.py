"""Learns to classify small images, a folder for each class; resumes at the step after an interruption."""

import os
from pathlib import Path

import keras
import tensorflow as tf

from trainyard import Resume

paths = sorted(Path(os.environ["SM_CHANNEL_TRAINING"]).glob("*/*.png"))
labels = [int(path.parent.name) for path in paths]


def load(names, labels):
    """The images of a batch, in place of their names."""
    image = tf.TensorSpec((8, 8, 1), tf.uint8)
    return tf.map_fn(lambda name: tf.io.decode_png(tf.io.read_file(name)), names, fn_output_signature=image), labels


keras.utils.set_random_seed(7)
model = keras.Sequential(
    [
        keras.Input((8, 8, 1)),
        keras.layers.Rescaling(1 / 255),
        keras.layers.Conv2D(32, 3, activation="relu"),
        keras.layers.Flatten(),
        keras.layers.Dropout(0.2),
        keras.layers.Dense(10, activation="softmax"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])

resume = Resume(model)
images = resume.batches(([str(path) for path in paths], labels), batch_size=32, seed=7)
images = images.map(load, num_parallel_calls=tf.data.AUTOTUNE).prefetch(2)
model.fit(
    images,
    epochs=20,
    initial_epoch=resume.epoch,
    callbacks=[keras.callbacks.EarlyStopping("loss", patience=3), resume],
    shuffle=False,  # resume.batches shuffles
    verbose=2,
)
model.save(Path(os.environ["SM_MODEL_DIR"]) / "model.keras")
