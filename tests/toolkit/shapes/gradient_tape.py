"""Classifies digits with a training loop of its own. The first host writes the model."""

import argparse
import json
import os

import numpy as np
import tensorflow as tf


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--learning-rate", type=float, default=0.001)
    parser.add_argument("--beta_1", type=float, default=0.9)
    parser.add_argument("--model_dir", default=os.environ.get("SM_MODEL_DIR"))
    parser.add_argument("--train", default=os.environ.get("SM_CHANNEL_TRAIN"))
    parser.add_argument("--test", default=os.environ.get("SM_CHANNEL_TEST"))
    parser.add_argument("--current-host", default=os.environ.get("SM_CURRENT_HOST"))
    parser.add_argument("--hosts", type=json.loads, default=os.environ.get("SM_HOSTS", "[]"))
    return parser.parse_args()


def load(folder: str, batch_size: int) -> tf.data.Dataset:
    images = np.load(f"{folder}/images.npy")[..., np.newaxis].astype("float32") / 16
    return tf.data.Dataset.from_tensor_slices((images, np.load(f"{folder}/labels.npy"))).batch(batch_size)


def main() -> None:
    args = parse_args()
    model = tf.keras.Sequential(
        [
            tf.keras.layers.Conv2D(8, 3, activation="relu"),
            tf.keras.layers.Flatten(),
            tf.keras.layers.Dense(10),
        ]
    )
    loss_of = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = tf.keras.optimizers.Adam(args.learning_rate, beta_1=args.beta_1)
    train_loss = tf.keras.metrics.Mean()
    test_accuracy = tf.keras.metrics.SparseCategoricalAccuracy()

    @tf.function
    def train_step(images: tf.Tensor, labels: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            loss = loss_of(labels, model(images, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        train_loss.update_state(loss)

    for epoch in range(args.epochs):
        train_loss.reset_state()
        test_accuracy.reset_state()
        for images, labels in load(args.train, args.batch_size):
            train_step(images, labels)
        for images, labels in load(args.test, args.batch_size):
            test_accuracy.update_state(labels, model(images, training=False))
        print(f"epoch {epoch + 1} loss {train_loss.result():.4f} test accuracy {test_accuracy.result():.4f}")

    if args.current_host == args.hosts[0]:
        model.save(f"{args.model_dir}/model.keras")


if __name__ == "__main__":
    main()
