"""Measures the trainer's time to its first step, also from checkpoints within an epoch, and its memory.

`benchmarks.training` prints the figures.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts import digits

IMAGES = 20_000
BATCH = 32
STEPS = IMAGES // BATCH
PLACES = (0.01, 0.5, 0.99)
STARTS = 5
EPOCHS = 20
# After this epoch, everything that is created once exists.
WARM = 2
TICK = 0.002


def write_images(folder: Path) -> None:
    """Write the digits, and an epoch of IMAGES images: links to the same files under new names."""
    digits.write(folder / "digits")
    sources = sorted((folder / "digits" / "training").glob("*/*.png"))
    for number in range(IMAGES):
        source = sources[number % len(sources)]
        into = folder / "many" / source.parent.name
        into.mkdir(parents=True, exist_ok=True)
        (into / f"{number:05}.png").hardlink_to(source)


def starts(folder: Path) -> list[tuple[str, float]]:
    """Measure the seconds from the process's start to the end of its first step.

    Args:
        folder: holds the images of `write_images`.

    Returns:
        Pairs of a label and the median seconds. The first pair is only the import of TensorFlow and Keras.
    """
    with _training(folder, "epoch", training="many", epochs=2, checkpoint_steps=1) as process:
        wanted = {max(1, int(STEPS * place)): place for place in PLACES}
        kept: dict[int, Path] = {}
        while len(kept) < len(wanted):
            _check_runs(process)
            for step in wanted.keys() - kept.keys():
                path = _checkpoint(folder / "epoch", step)
                if (path / "manifest.json").exists():
                    kept[step] = shutil.copytree(path, folder / "kept" / path.name)
            time.sleep(TICK)
    times: dict[str, list[float]] = {}
    for number in range(STARTS):
        times.setdefault("`import tensorflow, keras` alone", []).append(_import())
        times.setdefault("no checkpoint", []).append(_start(folder, f"none-{number}", None))
        for step, place in sorted(wanted.items()):
            name = f"a checkpoint at {place:.0%} of an epoch of {IMAGES:,} images"
            times.setdefault(name, []).append(_start(folder, f"{step}-{number}", kept[step]))
    return [(name, statistics.median(seconds)) for name, seconds in times.items()]


def memory(folder: Path) -> list[tuple[int, float]]:
    """Measure the trainer's resident memory at the end of each epoch, with a checkpoint every 10 steps.

    Args:
        folder: holds the images of `write_images`.

    Returns:
        Pairs of an epoch's number and MB.
    """
    sizes: list[tuple[int, float]] = []
    with _training(folder, "memory", training="digits/training", epochs=EPOCHS, checkpoint_steps=10) as process:
        for line in process.stdout or ():
            if line.startswith("epoch="):
                sizes.append((len(sizes) + 1, _resident(process.pid)))
                if len(sizes) == EPOCHS:
                    break
    return sizes


def _import() -> float:
    before = time.monotonic()
    subprocess.run([sys.executable, "-c", "import tensorflow, keras"], stderr=subprocess.DEVNULL, check=True)
    return time.monotonic() - before


def _start(folder: Path, name: str, checkpoint: Path | None) -> float:
    """Seconds until the trainer starts to write the checkpoint of the first step."""
    first = 1
    if checkpoint:
        first += int(checkpoint.name.removeprefix("step-"))
        shutil.copytree(checkpoint, folder / name / "checkpoints" / checkpoint.name)
    before = time.monotonic()
    with _training(folder, name, training="many", epochs=2, checkpoint_steps=1) as process:
        while not _checkpoint(folder / name, first).exists():
            _check_runs(process)
            time.sleep(TICK)
        return time.monotonic() - before


@contextmanager
def _training(folder: Path, name: str, training: str, **settings: int) -> "Iterator[subprocess.Popen[str]]":
    """Start a training and kill it afterwards."""
    config = folder / name / "input" / "config"
    config.mkdir(parents=True)
    hyperparameters = {"image_size": 8, "channels": 1, "batch_size": BATCH, **settings}
    (config / "hyperparameters.json").write_text(json.dumps({key: str(one) for key, one in hyperparameters.items()}))
    with subprocess.Popen(
        [sys.executable, "-m", "trainer", "train", "--training", str(folder / training)],
        env={**os.environ, "SAGEMAKER_BASE_DIR": str(folder / name)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _check_runs(process: "subprocess.Popen[str]") -> None:
    if process.poll() is not None:
        raise RuntimeError("the trainer exited too early")


def _checkpoint(base: Path, step: int) -> Path:
    return base / "checkpoints" / f"step-{step:08}"


def _resident(pid: int) -> float:
    """The resident memory of a process in MB; only on Linux."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1000
