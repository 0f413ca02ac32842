"""Write scikit-learn's scans of handwritten digits as image files: real input that needs no download."""

import random
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from scripts.core import console, verb

APP = verb.app("Write the handwritten digits as PNG files under data/digits/<channel>/<label>/, once.")

FOLDER = Path("data/digits")
SHARES = {"training": 0.70, "validation": 0.15, "test": 0.15}
SEED = 20240817


def split(labels: Sequence[int]) -> dict[str, list[int]]:
    """Deal the images out to the channels, each label by `SHARES`, always in the same way.

    Args:
        labels: the label of each image.

    Returns:
        For each channel the indices of its images, ascending.
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
    """Write all images below ``folder`` as ``<channel>/<label>/<index>.png``; gives their number.

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


@APP.command()
def main() -> None:
    """Write the digits; where they are already, say so and leave them."""
    if FOLDER.exists():
        console.say(f"{FOLDER} is already there; take the folder away to have it written anew.")
        return
    FOLDER.parent.mkdir(parents=True, exist_ok=True)
    # Elsewhere first: an interrupt leaves no half of it.
    with tempfile.TemporaryDirectory(prefix=".digits-", dir=FOLDER.parent) as unfinished:
        count = write(Path(unfinished) / "digits")
        (Path(unfinished) / "digits").rename(FOLDER)
    console.say(f"{count} images written to {FOLDER}: {', '.join(SHARES)}, one folder per label.")


if __name__ == "__main__":
    verb.run(APP)
