"""Errors while training: their messages help the job's owner, and no state is lost."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.unit.trainer.trainer_runs import SMALL, Base
from trainer.tasks import errors
from trainyard.checkpoints import checkpoint


def make_base(root: Path, digits: Path, **hyperparameters: str) -> Base:
    base = Base(root).configure(hyperparameters={**SMALL, "learning_rate_schedule": "constant", **hyperparameters})
    return base.channel("training", digits / "training").channel("validation", digits / "validation")


def set_limit(base: Base, name: str, value: int) -> None:
    """Set a limit of the kernel for the trainer's process; ``name`` is the one in Python's ``resource``."""
    base.prelude = f"import resource; resource.setrlimit(resource.{name}, ({value}, {value}))"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, digits: Path) -> Base:
    """A run of one epoch."""
    base = make_base(tmp_path_factory.mktemp("trained") / "ml", digits, epochs="1")
    assert base.train().returncode == 0
    return base


def with_another_epoch(trained: Base, root: Path) -> Base:
    """A copy of the run's folders, for a second epoch. It writes no checkpoint before its end, however slow it is."""
    shutil.copytree(trained.root, root, symlinks=True)
    settings = {**SMALL, "learning_rate_schedule": "constant", "epochs": "2", "checkpoint_seconds": "3600"}
    return Base(root).configure(hyperparameters=settings)


def newest(base: Base) -> checkpoint.Checkpoint:
    return checkpoint.find_checkpoints(base.root / "checkpoints")[0][0]


@pytest.mark.e2e
def test_a_nan_or_infinite_step_keeps_the_state_before_it(trained: Base, tmp_path: Path) -> None:
    base = with_another_epoch(trained, tmp_path / "ml")
    good = newest(base)
    # A run that is about to diverge: the activations of its next step are too large for float32.
    arrays, about = good.read(), {name: value for name, value in good.about.items() if name != "step"}
    arrays["model/0000"] = np.full_like(arrays["model/0000"], 3e38)
    shutil.rmtree(good.path)
    model = base.root / "model/model.keras"
    model_before = model.read_bytes()
    model.unlink()
    bad = checkpoint.save(base.root / "checkpoints", good.step, arrays, about)

    completed = base.train()
    assert completed.returncode == 1
    assert base.failure.startswith(
        f"NaN or infinite loss or gradients in step {good.step + 1}, at a learning rate of 0.005, "
        f"with {base.root}/input/data/"
    )
    assert "and 60 more, in the log" in base.failure
    assert f"The state before this step is in {bad.path}" in base.failure
    named = completed.stdout.partition(f"the batch of step {good.step + 1}:\n")[2].splitlines()[:64]
    assert len({line.strip() for line in named}) == 64
    assert all(Path(line.strip()).is_file() for line in named)
    # The whole state, with the parts that the forward pass changes.
    assert newest(base).digest == bad.digest
    # The model of the epoch before is what the job leaves.
    assert "the best model so far, of epoch 1, is saved to " in completed.stdout
    assert "The model of epoch 1 is saved: in the channel weights, it is where a job starts." in base.failure
    assert model.read_bytes() == model_before


@pytest.mark.e2e
def test_the_last_finite_state_is_saved_even_without_a_due_checkpoint(tmp_path: Path, digits: Path) -> None:
    base = make_base(tmp_path / "ml", digits, epochs="50", learning_rate="10", precision="float16", dropout="0")
    completed = base.train()
    if completed.returncode == 0:
        pytest.fail(f"it did not diverge: {completed.stdout}")
    step = int(base.failure.split(" in step ")[1].split(",")[0])
    saved = newest(base)
    assert saved.step == step - 1
    assert all(np.isfinite(array).all() for array in saved.read().values())


@pytest.mark.e2e
def test_an_out_of_memory_error_names_the_batch_size(tmp_path: Path, digits: Path) -> None:
    base = make_base(tmp_path / "ml", digits, batch_size="1000", image_size="124", augmentation="none")
    set_limit(base, "RLIMIT_AS", 6 << 30)  # the network's first outputs take 2 GB each, so that one of them fails
    completed = base.train()
    assert completed.returncode == 1
    assert base.failure.startswith("Out of memory at batch_size=1000, which is 1000 images on each of 1 devices: ")
    assert "Try batch_size=500, or a smaller image_size than 124" in base.failure


@pytest.mark.e2e
def test_a_full_disk_leaves_the_last_checkpoint(trained: Base, tmp_path: Path) -> None:
    base = with_another_epoch(trained, tmp_path / "ml")
    good = newest(base)
    set_limit(base, "RLIMIT_FSIZE", 100_000)  # a state is a little larger
    completed = base.train()
    assert completed.returncode == 1
    assert base.failure.startswith("The checkpoint of step 20, ")
    assert f"cannot be written to {base.root}/checkpoints: File too large." in base.failure
    assert newest(base) == good


@pytest.mark.e2e
@pytest.mark.parametrize("name", ["model", "checkpoints"])
def test_a_folder_that_cannot_be_written_is_an_error_at_the_start(tmp_path: Path, digits: Path, name: str) -> None:
    base = make_base(tmp_path / "ml", digits)
    (base.root / name).write_text("a file in its place")
    completed = base.train()
    assert completed.returncode == 1
    assert base.failure == f"The trainer cannot write to {base.root}/{name}: File exists."
    assert "epoch=" not in completed.stdout


def test_the_proposed_batch_size_is_a_multiple_of_the_devices() -> None:
    error = errors.out_of_memory(96, 4, 224, "float32", "OOM when allocating tensor\nand more")
    assert error.problem == (
        "Out of memory at batch_size=96, which is 24 images on each of 4 devices: OOM when allocating tensor"
    )
    assert error.fix.startswith("Try batch_size=48, or a smaller image_size than 224, precision=bfloat16")
    assert "batch_size" not in errors.out_of_memory(4, 4, 224, "bfloat16", "OOM").fix
