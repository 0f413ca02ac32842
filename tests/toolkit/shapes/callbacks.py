"""Classifies digits with Keras's `fit`: early stopping, checkpoints of the best epoch, logs for TensorBoard."""

import argparse
import json
import os

import keras
import numpy as np

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--learning_rate", type=float, default=0.001)
    parser.add_argument("--patience", type=int, default=2)
    parser.add_argument("--optimizer", default="adam")
    parser.add_argument("--model_dir", default=os.environ["SM_MODEL_DIR"])
    args = parser.parse_args()
    output = os.environ["SM_OUTPUT_DATA_DIR"]

    train, test = (
        (np.load(f"{folder}/images.npy") / 16, np.load(f"{folder}/labels.npy"))
        for folder in (os.environ["SM_CHANNEL_TRAIN"], os.environ["SM_CHANNEL_TEST"])
    )
    model = keras.Sequential(
        [
            keras.Input((8, 8)),
            keras.layers.Flatten(),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    optimizer = keras.optimizers.get({"class_name": args.optimizer, "config": {"learning_rate": args.learning_rate}})
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(
        *train,
        validation_data=test,
        epochs=args.epochs,
        callbacks=[
            keras.callbacks.EarlyStopping("val_loss", patience=args.patience, restore_best_weights=True),
            keras.callbacks.ModelCheckpoint(f"{args.model_dir}/best.keras", save_best_only=True),
            keras.callbacks.TensorBoard(f"{output}/tensorboard"),
        ],
        verbose=2,
    )
    with open(os.path.join(output, "history.json"), "w") as file:
        json.dump(history.history, file)
    model.save(f"{args.model_dir}/model.keras")
