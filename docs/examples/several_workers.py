"""Trains a network on all instances of a job together: a loop of its own with MultiWorkerMirroredStrategy.

It knows TF_CONFIG and nothing of SageMaker. Without TF_CONFIG, it trains alone.
"""

import argparse
import signal
from pathlib import Path

import keras
import tensorflow as tf

parser = argparse.ArgumentParser()
parser.add_argument("--data", required=True)
parser.add_argument("--model_dir", required=True)
parser.add_argument("--epochs", type=int, default=10)
parser.add_argument("--batch_size", type=int, default=64)  # images in a step, on all instances together
args = parser.parse_args()

strategy = tf.distribute.MultiWorkerMirroredStrategy()  # finds the other instances in TF_CONFIG
stopping = []
signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))  # the strategy has replaced the handler: set it now

# The seed gives every instance the same order of images, so that each can take its part of a batch.
images = keras.utils.image_dataset_from_directory(
    args.data, color_mode="grayscale", image_size=(8, 8), batch_size=None, seed=0
)
labels = images.class_names
batches = strategy.experimental_distribute_dataset(images.batch(args.batch_size, drop_remainder=True))

keras.utils.set_random_seed(0)
with strategy.scope():
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(32, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(len(labels), activation="softmax"),
        ]
    )
    optimizer = keras.optimizers.Adam()
    optimizer.build(model.trainable_variables)  # a step can make no variables
loss_of = keras.losses.SparseCategoricalCrossentropy(reduction=None)


@tf.function
def step(batch, stop):
    """Train on a batch; return its loss, and how many instances want to stop."""

    def on_replica(images, labels):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(loss_of(labels, model(images, training=True))) / args.batch_size
        gradients = tape.gradient(loss, model.trainable_variables)
        # Keras adds the gradients of all instances.
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss, stop

    loss, stops = strategy.run(on_replica, args=batch)
    return strategy.reduce("SUM", loss, axis=None), strategy.reduce("SUM", stops, axis=None)


def train():
    """Train all epochs. After SIGTERM on any instance, all leave the loop after the same step."""
    for epoch in range(1, args.epochs + 1):
        for batch in batches:
            loss, stops = step(batch, tf.constant(len(stopping)))
            if stops > 0:
                return
        print(f"epoch {epoch} loss {loss:.4f}", flush=True)


train()
if not strategy.cluster_resolver.task_id:  # 0 on the first instance, None without TF_CONFIG
    model.save(Path(args.model_dir) / "model.keras")
