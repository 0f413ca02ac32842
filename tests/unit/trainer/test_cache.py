"""Decoded images in memory: they change nothing but the time."""

import contextlib
import ctypes
import os
import shutil
import struct
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.late import Late
from tests.unit.trainer.trainer_runs import Base
from trainer.contract.folders import Folders
from trainer.contract.job import read_job
from trainer.images import memory
from trainer.images.memory import Budget

pytestmark = pytest.mark.e2e
augmentation, cache, channel, decoding, host_input, pipeline, cluster, link, tf = (
    *(Late(f"trainer.images.{name}") for name in ("augmentation", "cache", "channel", "decoding")),
    *(Late(f"trainer.images.{name}") for name in ("host_input", "pipeline")),
    *(Late(f"trainyard.hosts.{name}") for name in ("cluster", "link")),
    Late("tensorflow"),
)
IMAGES, BATCH, SIZE = 10, 4, 8
STEPS = range(1, 8)
"""Into the third pass."""
PLENTY = 1 << 30


@pytest.fixture
def images(tmp_path: Path) -> Any:
    """Ten images of noise, each of another size, of two labels."""
    random = np.random.default_rng(0)
    for number in range(IMAGES):
        folder = tmp_path / "photos" / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, 256, (12 + number, 20 - number, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    from trainer.contract.hyperparameters import Hyperparameters

    return channel.read(tmp_path / "photos", Hyperparameters()).images


def drawn(images: Any, kind: str, kept: Any, steps: range = STEPS) -> Any:
    """The images of these steps."""
    chosen = augmentation.Augmentation(kind, flip=True, mixup=0.0, seed=1)
    form, share = decoding.Form(SIZE, 3), pipeline.Share(BATCH, 0, BATCH, BATCH // 2)
    return np.stack([made for made, _ in pipeline.training_batches(images, form, share, chosen, steps, kept)])


@pytest.mark.parametrize("kind", ["none", "standard"])
def test_kept_images_are_those_that_are_decoded_again(images: Any, kind: str) -> None:
    expected = drawn(images, kind, cache.NOTHING_KEPT)
    everything, some = cache.Cache(Budget(PLENTY)), cache.Cache(Budget(2000))
    for kept in (everything, some):
        assert (drawn(images, kind, kept) == expected).all()
    assert len(everything) == IMAGES
    assert 1 < len(some) < IMAGES
    assert (drawn(images, kind, some) == expected).all()
    shutil.rmtree(Path(images.paths[0]).parents[1])
    assert (drawn(images, kind, everything) == expected).all()
    with pytest.raises(tf.errors.NotFoundError):
        drawn(images, kind, some)


def test_a_start_in_the_middle_decodes_only_what_its_steps_need(images: Any) -> None:
    kept = cache.Cache(Budget(PLENTY))
    drawn(images, "none", kept, range(6, 7))
    assert len(kept) == BATCH


def test_validation_images_are_kept_in_their_order(images: Any) -> None:
    kept, form = cache.Cache(Budget(PLENTY)), decoding.Form(SIZE, 3)
    batches = pipeline.ordered_batches(images, form, BATCH, kept)
    first = [made.numpy() for made, _ in batches]
    assert [len(each) for each in first] == [4, 4, 2]
    shutil.rmtree(Path(images.paths[0]).parents[1])
    again = [made.numpy() for made, _ in batches]
    assert (np.concatenate(first) == np.concatenate(again)).all()


@contextlib.contextmanager
def opened_files(folders: Sequence[Path]) -> Iterator[Callable[[], list[str]]]:
    """Gives a function that returns the names of the files in these folders that were opened since its last call.

    Linux tells: https://man7.org/linux/man-pages/man7/inotify.7.html.
    """
    libc, is_open, header = ctypes.CDLL(None), 0x20, struct.Struct("iIII")
    watch = libc.inotify_init1(os.O_NONBLOCK)
    for folder in folders:
        assert libc.inotify_add_watch(watch, os.fsencode(folder), is_open) > 0

    def names() -> list[str]:
        found, place = [], 0
        events = b""
        with contextlib.suppress(BlockingIOError):
            while True:
                events += os.read(watch, 1 << 16)
        while place < len(events):
            *_, length = header.unpack_from(events, place)
            place += header.size + length
            found.append(events[place - length : place].rstrip(b"\0").decode())
        return sorted(filter(None, found))  # without a name: the folder itself

    yield names
    os.close(watch)


def test_in_fast_file_mode_each_file_is_opened_once_when_a_step_needs_it(
    images: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"image_size": SIZE, "batch_size": BATCH, "augmentation": "standard", "seed": 1}
    steps = range(1, 5)  # the last of them are in the second pass
    base = Base(tmp_path / "ml").channel("training", tmp_path / "photos")
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(base.root))
    team = cluster.Team(tf.distribute.get_strategy(), link.Link(["localhost"], 0, []))

    def read(mode: str) -> Any:
        base.configure(hyperparameters=settings, inputdataconfig={"training": {"TrainingInputMode": mode}})
        job = read_job(Folders(base.root), [], {})
        return host_input.read(job, job.hyperparameters, team)

    with opened_files([tmp_path / "photos" / label for label in "ab"]) as opened:
        copied = read("File")
        assert len(set(opened())) == IMAGES
        fast = read("FastFile")
        assert opened() == []
        made, known = [], set[str]()
        for step in steps:
            made += [drawn.numpy() for drawn, _ in fast.batches(range(step, step + 1))]
            needed = {Path(path).name for path in fast.files(range(step, step + 1))}
            assert opened() == sorted(needed - known)
            known |= needed
    assert len(known) == IMAGES
    assert fast.fingerprints == copied.fingerprints
    expected = [drawn.numpy() for drawn, _ in copied.batches(steps)]
    assert (np.stack(made) == np.stack(expected)).all()


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_free_memory_is_that_of_the_machine_or_of_the_tightest_group(tmp_path: Path) -> None:
    machine = {"proc/meminfo": "MemTotal: 9000 kB\nMemAvailable:    8000 kB\n"}
    assert memory.free(tmp_path / "none") == 0
    assert memory.free(write(tmp_path / "machine", machine)) == 8_192_000
    group, parent = "sys/fs/cgroup/jobs/one", "sys/fs/cgroup/jobs"
    unified = {
        "proc/self/cgroup": "0::/jobs/one\n",
        f"{group}/memory.max": "max\n",
        f"{group}/memory.current": "10\n",
        f"{parent}/memory.max": "5000\n",
        f"{parent}/memory.current": "4000\n",
        f"{parent}/memory.stat": "anon 3000\ninactive_file 500\n",
    }
    assert memory.free(write(tmp_path / "unified", machine | unified)) == 1500
    # In a container, the path is the host's, and the container's own group is the top.
    top = "sys/fs/cgroup/memory"
    older = {
        "proc/self/cgroup": "4:memory:/docker/abc\n1:cpu:/\n",
        f"{top}/memory.limit_in_bytes": "700\n",
        f"{top}/memory.usage_in_bytes": "900\n",
        f"{top}/memory.stat": "total_inactive_file 300\n",
    }
    assert memory.free(write(tmp_path / "older", machine | older)) == 100
