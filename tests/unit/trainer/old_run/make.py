"""Makes old-run.tar.xz: the checkpoint of a run after 5 of 8 steps, with its images and hyperparameters.

    python -m tests.unit.trainer.old_run.make

Do not replace the archive. Its checkpoint was written before the trainer's modules were renamed, and a test resumes it.
It is small because most filters of its first weights are zero, so most of the state is zero too.
"""

import json
import shutil
import tarfile
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from tests.unit.trainer.trainer_runs import Base

ARCHIVE = Path(__file__).parent / "old-run.tar.xz"
HYPERPARAMETERS = {
    "image_size": "8",
    "channels": "1",
    "batch_size": "4",
    "epochs": "2",
    "learning_rate": "0.01",
    "dropout": "0.5",
    "seed": "7",
    "checkpoint_steps": "1",
}
STOPPED_AT = 5
ALIVE = 3  # filters of each layer that are not zero


def write_images(folder: Path) -> None:
    """Write 16 images of two labels: with a bright upper half, and with a bright lower half."""
    random = np.random.default_rng(0)
    for number in range(16):
        pixels = random.integers(0, 60, (8, 8), dtype=np.uint8)
        label = "below" if number % 2 else "above"
        pixels[4:] += 150 * (number % 2)
        pixels[:4] += 150 * (1 - number % 2)
        (folder / label).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / label / f"{number:02}.png")


def write_weights(folder: Path) -> None:
    """Write the first weights of the network's backbone, most of them zero."""
    from trainer.contract.hyperparameters import Hyperparameters
    from trainer.networks import architectures

    backbone = architectures.build(Hyperparameters(image_size=8, channels=1), 2, None).get_layer("backbone")
    random = np.random.default_rng(0)
    for layer in backbone.layers:
        if layer.name.startswith("conv2d"):
            kernel = np.zeros(layer.kernel.shape, np.float32)
            alive = kernel[:, :, :ALIVE, :ALIVE]
            alive[:] = random.normal(0, 0.5, alive.shape)
            layer.kernel.assign(kernel)
    folder.mkdir(parents=True)
    backbone.save_weights(folder / "backbone.weights.h5")


def main() -> None:
    """Train to the end, then keep the checkpoint of one step, the images and the hyperparameters."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_images(folder / "training")
        write_weights(folder / "weights")
        base = Base(folder / "ml").configure(hyperparameters=HYPERPARAMETERS)
        base.channel("training", folder / "training").channel("weights", folder / "weights")
        completed = base.train()
        assert completed.returncode == 0, completed.stdout + completed.stderr
        kept = folder / "kept"
        shutil.copytree(folder / "training", kept / "training")
        step = f"step-{STOPPED_AT:08}"
        shutil.copytree(folder / "ml" / "checkpoints" / step, kept / "checkpoints" / step)
        (kept / "hyperparameters.json").write_text(json.dumps(HYPERPARAMETERS, indent=1) + "\n")
        with tarfile.open(ARCHIVE, "w:xz") as packed:
            packed.add(kept, ".")
    print(f"{ARCHIVE}: {ARCHIVE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
