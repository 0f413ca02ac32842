"""`make digits`: writes scikit-learn's scans of handwritten digits as image files: real images without a download."""

import random
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import click

from scripts.core import console, verb

FOLDER = Path("data/digits")
SHARES = {"training": 0.70, "validation": 0.15, "test": 0.15}
SEED = 20240817


def split(labels: Sequence[int]) -> dict[str, list[int]]:
    """Distribute the images of each label over the channels according to `SHARES`, always in the same way.

    Args:
        labels: the label of each image.

    Returns:
        The sorted indices of each channel's images.
    """
    by_label: dict[int, list[int]] = defaultdict(list)
    for index, label in enumerate(labels):
        by_label[label].append(index)
    channels: dict[str, list[int]] = {channel: [] for channel in SHARES}
    for label in sorted(by_label):
        indices = by_label[label]
        random.Random(SEED + label).shuffle(indices)  # noqa: S311 -- to repeat, not to hide
        start, share = 0, 0.0
        for channel in SHARES:
            share += SHARES[channel]
            end = round(share * len(indices))
            channels[channel] += indices[start:end]
            start = end
    return {channel: sorted(indices) for channel, indices in channels.items()}


def write(folder: Path) -> int:
    """Write all images below ``folder`` as ``<channel>/<label>/<index>.png``; return their number.

    The UCI scans have 17 shades, 0 to 16; the files have 256.
    """
    import numpy as np
    from PIL import Image
    from sklearn.datasets import load_digits

    scans, labels = load_digits(return_X_y=True)
    images = np.rint(scans.reshape(-1, 8, 8) * 255 / 16).astype("uint8")
    for channel, indices in split([int(label) for label in labels]).items():
        for index in indices:
            path = folder / channel / str(labels[index]) / f"{index:04d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(images[index]).save(path)
    return len(images)


@click.command()
def main() -> None:
    """Write the handwritten digits as PNG files under data/digits/<channel>/<label>/, once.

    Write the digits, unless their folder exists.
    """
    if FOLDER.exists():
        console.say(f"{FOLDER} exists already; delete it to write the images again.")
        return
    FOLDER.parent.mkdir(parents=True, exist_ok=True)
    # Written to a temporary folder first, so that an interrupt leaves no incomplete FOLDER.
    with tempfile.TemporaryDirectory(prefix=".digits-", dir=FOLDER.parent) as unfinished:
        count = write(Path(unfinished) / "digits")
        (Path(unfinished) / "digits").rename(FOLDER)
    console.say(f"{count} images written to {FOLDER}: {', '.join(SHARES)}, one folder per label.")


if __name__ == "__main__":
    verb.run(main)
