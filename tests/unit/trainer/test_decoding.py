"""Decoding of every format that the trainer reads, compared with Pillow. One graph decodes all files of a test."""

import dataclasses
import io
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.late import Late

pytestmark = pytest.mark.e2e
decoding, orientation, tf = (
    Late("trainer.images.decoding"),
    Late("trainer.images.orientation"),
    Late("tensorflow"),
)

RAMP = Image.fromarray(np.linspace(0, 255, 20 * 30 * 3).reshape(20, 30, 3).astype(np.uint8))
SIXTEEN = RAMP.quantize(16)
ORIENTATION = 0x0112
CLOSE = 3.0
"""Mean difference of two decoders, of 255: they round differently, and GIF has 256 colours."""


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def oriented(number: int, order: str = "<") -> bytes:
    exif = Image.Exif()
    exif.endian = order
    exif[ORIENTATION] = number
    return encoded(RAMP, "JPEG", quality=95, exif=exif)


def decode(contents: list[bytes], folder: Path, channels: int) -> list[Any]:
    """Decode some files as a pipeline does."""
    paths = []
    for number, content in enumerate(contents):
        (folder / f"{number}.jpg").write_bytes(content)
        paths.append(str(folder / f"{number}.jpg"))
    images = tf.data.Dataset.from_tensor_slices(paths).map(
        lambda path: decoding.decode(path, decoding.Form(0, channels))
    )
    return [image.numpy() for image in images]


def difference(image: Any, expected: Image.Image) -> float:
    wanted = np.asarray(expected).reshape(expected.height, expected.width, -1)
    assert image.shape == wanted.shape
    return float(np.abs(image.astype(int) - wanted.astype(int)).mean())


@pytest.mark.parametrize(("channels", "mode"), [(3, "RGB"), (1, "L")])
def test_every_format_is_decoded_whatever_its_name(channels: int, mode: str, tmp_path: Path) -> None:
    files = {
        "JPEG": encoded(RAMP, "JPEG", quality=95),
        "CMYK": encoded(RAMP.convert("CMYK"), "JPEG", quality=95),
        "grey JPEG": encoded(RAMP.convert("L"), "JPEG", quality=95),
        "PNG": encoded(RAMP, "PNG"),
        "16 bits": encoded(Image.fromarray(np.asarray(RAMP)[:, :, 0].astype(np.uint16) * 257), "PNG"),
        "WebP": encoded(RAMP, "WEBP", quality=95),
        "WebP with alpha": encoded(RAMP.convert("RGBA"), "WEBP", quality=95),
        "GIF": encoded(RAMP, "GIF"),
        "animation": encoded(RAMP, "GIF", save_all=True, append_images=[ImageOps.invert(RAMP)]),
        "BMP": encoded(RAMP, "BMP"),
        "grey BMP": encoded(RAMP.convert("L"), "BMP"),
        "BMP with a palette": encoded(RAMP.quantize(200), "BMP"),
        "BMP with a small palette": encoded(SIXTEEN, "BMP"),
    }
    expected = dict.fromkeys(files, RAMP) | {
        "grey JPEG": RAMP.convert("L").convert("RGB"),
        "grey BMP": RAMP.convert("L").convert("RGB"),
        "BMP with a small palette": SIXTEEN.convert("RGB"),
        "16 bits": Image.fromarray(np.asarray(RAMP)[:, :, 0]).convert("RGB"),
    }
    decoded = decode(list(files.values()), tmp_path, channels)
    far = {
        name: difference(image, expected[name].convert(mode))
        for name, image in zip(files, decoded, strict=True)
        if difference(image, expected[name].convert(mode)) > CLOSE
    }
    assert not far


def test_photos_are_upright(tmp_path: Path) -> None:
    contents = [oriented(number, order) for number in range(1, 9) for order in "<>"] + [behind_other_segments()]
    for content, image in zip(contents, decode(contents, tmp_path, 3), strict=True):
        assert difference(image, ImageOps.exif_transpose(Image.open(io.BytesIO(content)))) < CLOSE


def behind_other_segments() -> bytes:
    """A photo whose orientation comes after two other segments."""
    content = oriented(6)
    jfif = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    xmp = b"\xff\xe1\x01\x00" + b"http://ns.adobe.com/xap/1.0/\x00".ljust(254, b" ")
    return content[:2] + jfif + xmp + content[2:]


def test_a_damaged_orientation_counts_as_upright() -> None:
    draw = random.Random(1)  # noqa: S311 -- to repeat, not to hide
    contents = [oriented(9), oriented(0), b"\xff\xd8", b"\xff\xd8\xff\xe1\x00\x08Exif\x00\x00", encoded(RAMP, "JPEG")]
    whole = oriented(3)
    start = whole.index(b"Exif")
    for _ in range(120):
        damaged = bytearray(whole[: draw.choice([len(whole), start + draw.randrange(60)])])
        for _ in range(draw.randrange(4)):
            damaged[draw.randrange(2, min(len(damaged), start + 40))] = draw.randrange(256)
        contents.append(bytes(damaged))
    found = [int(value) for value in tf.data.Dataset.from_tensor_slices(contents).map(orientation.read)]
    heads = tf.io.decode_raw(contents, tf.uint16, little_endian=False, fixed_length=30)
    looked = [bool(orientation.may_be_written(head)) for head in heads]
    assert {value for value, look in zip(found, looked, strict=True) if not look} == {1}
    assert not looked[4]  # a JPEG without Exif, as most are: the look alone decides
    assert found[:5] == [1] * 5
    assert set(found) <= set(range(1, 9))
    assert {1, 3} <= set(found)


def test_a_bmp_with_a_damaged_palette_is_not_readable(tmp_path: Path) -> None:
    content = bytearray(encoded(SIXTEEN, "BMP"))
    content[14:18] = (1 << 20).to_bytes(4, "little")  # the palette would begin behind the end of the file
    for name, each in (("good.bmp", encoded(SIXTEEN, "BMP")), ("bad.bmp", bytes(content))):
        (tmp_path / name).write_bytes(each)
    paths = [str(tmp_path / name) for name in ("good.bmp", "bad.bmp")]
    assert decoding.find_undecodable(paths) == paths[1:]


def test_a_run_that_is_older_than_the_turn_gets_photos_as_they_are_stored(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(oriented(6))
    assert difference(decoding.decode(str(path), decoding.Form(0, 3, upright=False)).numpy(), RAMP) < CLOSE
    assert decoding.decode(str(path), decoding.Form(0, 3)).shape[:2] == (RAMP.width, RAMP.height)


def test_scaled_jpegs_keep_the_pixels_that_are_needed(tmp_path: Path) -> None:
    image = RAMP.resize((900, 640), Image.Resampling.BICUBIC)
    files = [encoded(image, "JPEG"), encoded(image.convert("CMYK"), "JPEG"), encoded(image, "PNG"), oriented(6)]
    paths = [tmp_path / f"{number}.jpg" for number in range(len(files))]
    for path, content in zip(paths, files, strict=True):
        path.write_bytes(content)

    def shapes(smallest_side: int, channels: int) -> list[tuple[int, int]]:
        form = decoding.Form(0, channels, smallest_side=smallest_side)
        decoded = [decoding.decode(str(path), form).numpy() for path in paths]
        wide = ImageOps.exif_transpose(image).convert("RGB" if channels == 3 else "L")
        for one in decoded[:3]:
            assert difference(one, wide.resize((one.shape[1], one.shape[0]), Image.Resampling.BOX)) < CLOSE
        return [one.shape[:2] for one in decoded]

    upright, small, eighth = (30, 20), (640, 900), (80, 113)
    assert shapes(80, 3) == shapes(80, 1) == [eighth, eighth, small, upright]
    assert shapes(10, 3)[-1] == (15, 10)
    halvings = [int(decoding.halvings(tf.constant([640, 900, 3]), side)) for side in (80, 81, 160, 161, 320, 321)]
    assert halvings == [3, 2, 2, 1, 1, 0]


@pytest.mark.parametrize(("augmentation", "needed"), [("none", 100), ("light", 120), ("standard", 134)])
def test_scaled_decoding_leaves_what_the_smallest_crop_needs(augmentation: str, needed: int) -> None:
    from trainer.contract.hyperparameters import Hyperparameters
    from trainer.images import pipeline

    settings = Hyperparameters(image_size=100, augmentation=augmentation)
    assert pipeline.form(settings).smallest_side == 0
    assert pipeline.form(dataclasses.replace(settings, decode="scaled")).smallest_side == needed


def test_evaluation_decodes_as_the_training_did(tmp_path: Path) -> None:
    import keras

    from trainer.images.listing import Images
    from trainer.networks import export
    from trainer.tasks import evaluate

    noise = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    (tmp_path / "photo.jpg").write_bytes(encoded(Image.fromarray(noise), "JPEG"))
    inputs = keras.Input((8, 8, 3))
    network = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(inputs)))
    images = Images(("a", "b"), (str(tmp_path / "photo.jpg"),), (0,), (1,))
    decoded = []
    for smallest_side in (16, 0):
        export.export(network, images.labels, tmp_path / "model", smallest_side)
        ((batch, _),) = evaluate.in_batches(tmp_path / "model", network, images)
        decoded.append(batch[0].numpy())
        expected = decoding.load(images.paths[0], decoding.Form(8, 3, smallest_side=smallest_side))
        assert (decoded[-1] == expected.numpy()).all()
    scaled, full = decoded
    assert scaled.std() < full.std() / 2  # each pixel is the mean of several
