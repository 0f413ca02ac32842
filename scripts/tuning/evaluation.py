"""Evaluates a tuning's best model on images that no job has received, if the job file's data have such images.

The best of many trials has the best value on the validation images, partly by luck: these images say how good it is.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.core.printable import one_line

if TYPE_CHECKING:
    from scripts.jobfile.spec import JobSpec

NAME = "test"


def unseen_images(spec: "JobSpec") -> Path | None:
    """The folder ``test`` beside the trainer's training images, such as `make digits` writes; None if there is none.

    A folder that is a channel itself does not count: the jobs have received it.
    """
    training = spec.channels.get("training")
    if not spec.runs_trainer or training is None or training.folder is None:
        return None
    found = training.folder.with_name(NAME)
    received = [channel.folder for channel in spec.channels.values()]
    return found if found.is_dir() and found not in received else None


def evaluation_line(model: Path, images: Path) -> str:
    """Run ``python -m trainer evaluate``, and return the line about its scores, or about why there are none.

    Args:
        model: the folder of the model.
        images: a folder with a folder of images for each label.
    """
    command = ["-m", "trainer", "evaluate", "--model", str(model), "--data", str(images)]
    ended = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        last = (ended.stderr.strip().splitlines() or ["no message"])[-1]
        return f"Not evaluated ({one_line(last)}). This does it: python {' '.join(command)}"
    scores = json.loads(ended.stdout)
    accuracy, loss = scores["accuracy"], scores["loss"]
    return f"Evaluation: accuracy {accuracy:.4f}, loss {loss:.4g} on {scores['images']} images of {images}"
