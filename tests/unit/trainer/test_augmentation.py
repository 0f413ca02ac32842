"""The variations of training images: a function of seed and position, the same for any division among devices."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from trainer.contract.hyperparameters import Hyperparameters
from trainyard.errors import JobError

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
pytestmark = pytest.mark.e2e

SIZE, BATCH, STEPS = 8, 16, range(3, 5)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten images of noise, each of another size, of two labels."""
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(0)
    for number in range(10):
        (folder / "ab"[number % 2]).mkdir(exist_ok=True)
        pixels = random.integers(0, 256, (12 + number, 20 - number, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "ab"[number % 2] / f"{number}.png")
    return folder


def drawn(photos: Path, steps: range, seed: int = 1, hosts: int = 1, devices: int = 1, parts: int = 1) -> Any:
    """The images and labels of each step, in the order of the batch, under everything that draws at random."""
    from trainer.images import channel, pipeline
    from trainer.images.augmentation import Augmentation
    from trainer.images.decoding import Form

    chosen, batch = Augmentation("standard", flip=True, mixup=0.4, seed=seed), BATCH // parts
    host_batches = []
    for host in range(hosts):
        share = pipeline.Share(batch, host * batch // hosts, batch // hosts, batch // hosts // devices)
        scaled = range(steps.start * parts, steps.stop * parts)
        images = channel.read(photos, Hyperparameters()).images
        made = list(pipeline.training_batches(images, Form(SIZE, 3), share, chosen, scaled))
        host_batches.append([[array.numpy() for array in pair] for pair in made])
    # Of each part, first the batches of the first host's devices.
    ordered = [
        host_batches[host][part * devices + device]
        for part in range(len(steps) * parts)
        for host in range(hosts)
        for device in range(devices)
    ]
    return [np.concatenate([pair[kind] for pair in ordered]) for kind in (0, 1)]


def test_hosts_devices_parts_and_later_starts_get_the_same_images(photos: Path) -> None:
    images, shares = drawn(photos, STEPS)
    later = range(STEPS.start + 1, STEPS.stop)
    divided, their_shares = drawn(photos, later, hosts=2, devices=2, parts=2)
    assert (divided == images[BATCH:]).all()
    assert (their_shares == shares[BATCH:]).all()
    other, _ = drawn(photos, STEPS, seed=2)
    assert (other != images).any(axis=(1, 2, 3)).all()


def test_a_pair_shares_its_labels_and_each_image_keeps_more_than_half_of_its_own(photos: Path) -> None:
    _, shares = drawn(photos, range(20))
    assert shares.sum(axis=1) == pytest.approx(1)
    assert (shares.max(axis=1) >= 0.5).all()
    mixed = shares[(shares.max(axis=1) < 1)]
    assert len(mixed) > 40  # two of a pair often have the same label
    assert len(np.unique(mixed.max(axis=1).round(3))) > 30  # each image has a share of its own


def vary(image: Any, count: int = 30, **settings: Any) -> Any:
    """Variations of an image at some positions: [count, size, size, channels]."""
    import tensorflow as tf

    from trainer.images import augmentation

    chosen = augmentation.Augmentation.of(Hyperparameters(**settings))
    return np.stack([augmentation.vary(image, tf.constant(at, tf.int64), SIZE, chosen) for at in range(count)])


@pytest.mark.parametrize("channels", [1, 3])
def test_light_crops_and_flips_and_standard_does_more(channels: int) -> None:
    import tensorflow as tf

    # Brighter to the right and to the bottom, so that a flip and a rotation show.
    pixels = np.add.outer(np.arange(16) * 2, np.arange(16) * 10)[..., None].repeat(channels, 2).astype("uint8")
    image = tf.constant(pixels)
    light, unflipped, standard = vary(image), vary(image, flip=False), vary(image, augmentation="standard", flip=False)
    rising = (light[:, :, -1].mean((1, 2)) > light[:, :, 0].mean((1, 2))).mean()
    assert 0.2 < rising < 0.8
    assert (unflipped[:, :, -1].mean((1, 2)) > unflipped[:, :, 0].mean((1, 2))).all()
    assert (light >= 0).all()
    assert (light <= pixels.max()).all()
    assert len(np.unique(light[:, 0, 0, 0].round(3))) > 10
    # A crop keeps rows parallel; a rotation tilts them.
    assert np.ptp(np.diff(unflipped[:, :, 4, 0], axis=1), axis=1).max() < 5
    assert (standard.min() >= 0) & (standard.max() <= 255)
    assert abs(standard.mean((1, 2, 3)) - pixels.mean()).max() > 10  # brightness


def test_light_makes_things_larger_and_standard_makes_them_larger_and_smaller() -> None:
    import tensorflow as tf

    distances = np.hypot(*np.mgrid[-24:24, -24:24])
    spot = (150 * np.exp(-((distances / 9) ** 2))).astype(np.uint8)[..., None].repeat(3, 2)

    def sizes(images: Any) -> Any:
        """The area of the spot in each image."""
        lowest, highest = images.min((1, 2, 3), keepdims=True), images.max((1, 2, 3), keepdims=True)
        return ((images - lowest) / (highest - lowest)).mean((1, 2, 3))

    unvaried = sizes(tf.image.resize(spot, [SIZE, SIZE])[None].numpy())
    light, standard = (sizes(vary(tf.constant(spot), augmentation=kind)) / unvaried for kind in ("light", "standard"))
    assert 0.95 < light.min() < light.max() < 1 / 0.65
    assert standard.min() < 0.85
    assert standard.max() > 1.1


def test_standard_moves_pixels_by_one_interpolation() -> None:
    import tensorflow as tf

    noise = np.random.default_rng(0).integers(0, 256, (48, 48, 3), dtype=np.uint8)
    varied = vary(tf.constant(noise), augmentation="standard")
    # After one, neighbours are means of different pixels. A second one would mix them.
    alike = [np.corrcoef(image[:, 1:].ravel(), image[:, :-1].ravel())[0, 1] for image in varied]
    assert abs(np.median(alike)) < 0.1


def test_a_hyperparameter_check_names_what_contradicts_itself() -> None:
    from trainer.contract import hyperparameters

    with pytest.raises(JobError, match=r"optimizer=adam has no weight decay, and weight_decay is 0\.1"):
        hyperparameters.check(Hyperparameters(optimizer="adam", weight_decay=0.1), {"optimizer", "weight_decay"})
    hyperparameters.check(Hyperparameters(optimizer="adam"), {"optimizer"})
    for wrong in ("last_0", "last", "first_2", "last_2x"):
        with pytest.raises(JobError, match=f"train_layers={wrong} names no layers"):
            hyperparameters.check(Hyperparameters(train_layers=wrong), {"train_layers"})
    hyperparameters.check(Hyperparameters(train_layers="last_12"), {"train_layers"})


def test_a_preview_has_a_row_for_each_of_some_images(photos: Path, tmp_path: Path) -> None:
    from trainer.tasks import preview

    settings = Hyperparameters(image_size=16, augmentation="standard", mixup=0.2)
    files = preview.write(photos, settings, tmp_path / "sheet.png")
    assert len(files) == 8
    assert {Path(file).parent.name for file in files} == {"a", "b"}
    sheet = np.asarray(Image.open(tmp_path / "sheet.png"))
    assert sheet.shape == (8 * (96 + 8), 8 * (96 + 8), 3)
    cells = sheet.reshape(8, 104, 8, 104, 3).swapaxes(1, 2)[:, :, 4:-4, 4:-4]
    assert len({cell.tobytes() for row in cells for cell in row}) == 64  # no two are equal
    with pytest.raises(JobError, match="cannot be written"):
        preview.write(photos, settings, tmp_path / "none" / "sheet.png" / "x")


def test_a_split_takes_the_share_of_each_label() -> None:
    from trainer.images.listing import Images
    from trainer.images.splitting import describe, split

    paths = [f"/x/{label}/{number}.png" for label, count in (("a", 20), ("b", 5), ("c", 2)) for number in range(count)]
    images = Images(("a", "b", "c"), tuple(paths), (0,) * 20 + (1,) * 5 + (2,) * 2, (1,) * 27)
    training, validation = split(images, 0.2, seed=0)
    assert [validation.numbers.count(number) for number in range(3)] == [4, 1, 1]
    assert sorted(training.paths + validation.paths) == sorted(paths)
    assert describe(training, validation) == "6 of 27 training images are for validation: a 4, b 1, c 1"
    assert split(images, 0.2, seed=0)[1] == validation
    assert split(images, 0.2, seed=1)[1] != validation
    with pytest.raises(JobError, match="needs two images of each label, and b has one"):
        split(Images(("a", "b"), ("/a/1", "/a/2", "/b/1"), (0, 0, 1), (1, 1, 1)), 0.5, seed=0)
