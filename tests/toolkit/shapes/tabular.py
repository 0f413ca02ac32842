"""Regression on a table: the last column of each CSV file is the target. The model is exported as a SavedModel."""

import argparse
import json
import os
from pathlib import Path

import keras
import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=50)
parser.add_argument("--batch_size", type=int, default=64)
parser.add_argument("--learning_rate", type=float, default=0.01)
parser.add_argument("--model_dir")  # SageMaker's SDK sends an S3 URI; the model belongs in SM_MODEL_DIR
parser.add_argument("--sm_model_dir", type=Path, default=os.environ.get("SM_MODEL_DIR"))
parser.add_argument("--output_data_dir", type=Path, default=os.environ.get("SM_OUTPUT_DATA_DIR"))
parser.add_argument("--train", type=Path, default=os.environ.get("SM_CHANNEL_TRAIN"))
parser.add_argument("--test", type=Path, default=os.environ.get("SM_CHANNEL_TEST"))
args, _ = parser.parse_known_args()

train = np.loadtxt(args.train / "train.csv", delimiter=",", dtype="float32")
test = np.loadtxt(args.test / "test.csv", delimiter=",", dtype="float32")

scale = keras.layers.Normalization()
scale.adapt(train[:, :-1])
model = keras.Sequential(
    [keras.Input([train.shape[1] - 1]), scale, keras.layers.Dense(16, activation="relu"), keras.layers.Dense(1)]
)
model.compile(keras.optimizers.Adam(args.learning_rate), "mse", metrics=["mae"])
model.fit(train[:, :-1], train[:, -1], batch_size=args.batch_size, epochs=args.epochs, verbose=2)
metrics = model.evaluate(test[:, :-1], test[:, -1], verbose=0, return_dict=True)
print("test:", metrics)

(args.output_data_dir / "metrics.json").write_text(json.dumps(metrics))
model.export(args.sm_model_dir / "1")
