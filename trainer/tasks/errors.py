"""Errors of a training, with a fix for the owner of the job."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trainyard.errors import JobError

# More names would fill the failure file: SageMaker shows 1,024 characters of it.
MAX_NAMED_FILES = 4


def fix_for_other_run(saved: Mapping[str, Any], names: Sequence[str]) -> str:
    """What to do if a checkpoint belongs to another run.

    Args:
        saved: the identity of the checkpoint's run.
        names: those of its members that differ from this run's.
    """
    if list(names) == ["schedule_epochs"]:
        return (
            f"Set schedule_epochs={saved['schedule_epochs']}: then epochs may grow, and after the schedule the "
            "learning rate is 0. Or start a new run and schedule with its weights (resume=weights)."
        )
    return (
        "Resume with the same settings, start a new run with its weights (resume=weights), or use an empty checkpoint "
        "folder."
    )


def nan_or_infinite(
    step: int, learning_rate: float, files: Sequence[str], saved: Path | None, best_epoch: int | None
) -> JobError:
    """The error of a step whose loss or gradients are NaN or infinite.

    Args:
        step: counted from 1.
        learning_rate: of this step.
        files: the images of its batch; the log names all of them.
        saved: the checkpoint of the state before the step; its weights may have grown too large already.
        best_epoch: the best epoch so far, whose model is exported; None before the first one has ended.
    """
    names = ", ".join(files[:MAX_NAMED_FILES])
    if len(files) > MAX_NAMED_FILES:
        names += f" and {len(files) - MAX_NAMED_FILES} more, in the log"
    checkpoint = f" The state before this step is in {saved}." if saved else ""
    return JobError(
        f"NaN or infinite loss or gradients in step {step}, at a learning rate of {learning_rate:.3g}, with "
        f"{names}.{checkpoint}",
        "Lower the learning rate, or set clip_norm=1, and start a new job; or look at these images."
        + (
            f" The model of epoch {best_epoch} is saved: in the channel weights, it is where a job starts."
            * bool(best_epoch)
        ),
    )


def out_of_memory(batch_size: int, devices: int, image_size: int, precision: str, tensorflow_message: str) -> JobError:
    """The error of a step that needs more memory than a device has.

    Args:
        batch_size: images in a step, on all devices together.
        devices: number of devices that share the batch.
        image_size: pixels.
        precision: the type in which layers compute.
        tensorflow_message: TensorFlow's error; its first line is quoted.
    """
    halved = max(devices, batch_size // 2 // devices * devices)
    smaller = f"a smaller image_size than {image_size}"
    tries = [f"batch_size={halved}, or {smaller}" if halved < batch_size else smaller]
    if precision == "float32":
        tries.append("precision=bfloat16 on a GPU that has it")
    return JobError(
        f"Out of memory at batch_size={batch_size}, which is {batch_size // devices} images on each of {devices} "
        f"devices: {tensorflow_message.strip().splitlines()[0]}",
        f"Try {', '.join(tries)}, or an instance with more memory.",
    )
