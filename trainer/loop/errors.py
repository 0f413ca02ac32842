"""What went wrong while training, as its owner can use it."""

from collections.abc import Sequence
from pathlib import Path

from trainer.contract.errors import JobError

# More of a batch's files than this fill the failure file, which SageMaker shows 1,024 characters of.
NAMED = 4


def not_finite(step: int, learning_rate: float, files: Sequence[str], saved: Path | None) -> JobError:
    """A step whose loss or gradients are NaN or infinite.

    Args:
        step: counted from 1.
        learning_rate: of this step.
        files: the images of its batch, all of which are in the log.
        saved: the checkpoint of the state before it.
    """
    named = ", ".join(files[:NAMED]) + (f" and {len(files) - NAMED} more, in the log" if len(files) > NAMED else "")
    kept = f" The state before it is in {saved}." if saved else ""
    return JobError(
        f"The loss is not finite in step {step}, at a learning rate of {learning_rate:.3g}, with {named}.{kept}",
        "Try a lower one: with resume=weights it starts from these weights; or look at these images.",
    )


def out_of_memory(batch_size: int, devices: int, image_size: int, precision: str, said: str) -> JobError:
    """A step that did not fit into a device's memory.

    Args:
        batch_size: images in a step, on all devices together.
        devices: which share them.
        image_size: pixels.
        precision: what layers compute in.
        said: TensorFlow's own words, of which the first line counts.
    """
    halved = max(devices, batch_size // 2 // devices * devices)
    smaller = f"a smaller image_size than {image_size}"
    tries = [f"batch_size={halved}, or {smaller}" if halved < batch_size else smaller]
    if precision == "float32":
        tries.append("precision=bfloat16 on a GPU that has it")
    return JobError(
        f"Out of memory at batch_size={batch_size}, which is {batch_size // devices} images on each of {devices} "
        f"devices: {said.strip().splitlines()[0]}",
        f"Try {', '.join(tries)}, or an instance with more memory.",
    )
