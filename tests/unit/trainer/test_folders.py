"""The checks of a folder per label before training, without TensorFlow."""

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.unit.trainer.trainer_runs import forked_trainer
from trainer.contract.hyperparameters import Hyperparameters
from trainer.images import channel, folders, headers
from trainyard.errors import JobError


def picture(path: Path, mode: str = "L", size: tuple[int, int] = (8, 8)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size).save(path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("cat/1.png", "cat/2.png", "dog/1.png"):
        picture(tmp_path / "training" / name)
    return tmp_path / "training"


@pytest.mark.parametrize(
    ("name", "mode", "channels", "kind"),
    [
        ("a.png", "L", 1, "PNG"),
        ("a.png", "RGB", 3, "PNG"),
        ("a.png", "RGBA", 4, "PNG"),
        ("a.jpg", "L", 1, "JPEG"),
        ("a.jpeg", "RGB", 3, "JPEG"),
        ("a.jpg", "CMYK", 4, "JPEG"),
        ("a.gif", "L", 3, "GIF"),
        ("a.bmp", "RGB", 3, "BMP"),
        ("a.webp", "RGB", 3, "WebP"),
        ("a.webp", "RGBA", 3, "WebP"),
    ],
)
def test_a_header_contains_size_and_channels(name: str, mode: str, channels: int, kind: str, tmp_path: Path) -> None:
    assert headers.read(picture(tmp_path / name, mode, (11, 7))) == headers.Header(11, 7, channels, kind)


def test_a_lossless_webp_and_a_jpeg_with_fill_bytes_have_a_header(tmp_path: Path) -> None:
    Image.new("RGB", (300, 7)).save(tmp_path / "a.webp", lossless=True)
    assert headers.read(tmp_path / "a.webp") == headers.Header(300, 7, 3, "WebP")
    content = picture(tmp_path / "a.jpg", "RGB", (11, 7)).read_bytes()
    (tmp_path / "a.jpg").write_bytes(content[:2] + b"\xff\xff\xff" + content[2:])
    assert headers.read(tmp_path / "a.jpg") == headers.Header(11, 7, 3, "JPEG")


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"\xff\xd8\x00\x00\x00\x00"])
def test_a_file_that_is_not_an_image_has_no_header(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(content)
    assert headers.read(tmp_path / "a.png") is None


@pytest.mark.e2e
def test_broken_files_are_an_error_or_skipped(folder: Path) -> None:
    broken = folder / "cat" / "0.png"
    broken.write_text("no image")
    with pytest.raises(JobError, match=r"1 of 4 files cannot be read as images: .*unreadable=skip"):
        channel.read(folder, Hyperparameters())
    found = channel.read(folder, Hyperparameters(unreadable="skip"))
    assert (len(found.images.paths), found.images.numbers) == (3, (0, 0, 1))
    assert found.notes[0] == f"1 of 4 files cannot be read as images: {broken}; skipped"


@pytest.mark.e2e
def test_a_label_with_only_broken_files_is_refused(folder: Path) -> None:
    images = folders.list_images(folder)
    with pytest.raises(JobError, match="No file of the label dog"):
        folders.without_unreadable(images, [str(folder / "dog" / "1.png")], skip=True)


@pytest.mark.e2e
def test_only_the_decoder_refuses_a_file(folder: Path) -> None:
    content = picture(folder / "cat" / "3.jpg", "RGB").read_bytes()
    stray = folder / "cat" / "stray.jpg"  # bytes between two segments: libjpeg skips them
    stray.write_bytes(content[:20] + b"stray" + content[20:])
    picture(folder / "dog" / "2.webp").rename(folder / "dog" / "2.jpg")
    assert headers.read(stray) is None
    assert len(channel.read(folder, Hyperparameters()).images.paths) == 6


def test_an_older_tensorflow_reads_no_webp(folder: Path) -> None:
    picture(folder / "dog" / "2.webp")
    with pytest.raises(JobError, match=r"1 of 4 files .*2\.webp\. The TensorFlow of this image does not decode WebP"):
        channel.read(folder, Hyperparameters(), reads_webp=False)


def test_no_file_is_opened_where_names_are_enough(folder: Path) -> None:
    (folder / "cat" / "0.png").write_text("no image")
    found = channel.read(folder, Hyperparameters(), look="names")
    assert (len(found.images.paths), found.notes) == (4, ())


def test_what_is_not_trained_on_is_counted_with_its_reason(folder: Path) -> None:
    for name in ("1.tif", "2.TIFF", "a.txt", "b.csv", "none", ".hidden.png", ".DS_Store", "more/3.png", "more/4.png"):
        path = folder / "cat" / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    (folder / "README.md").write_text("about")
    found = channel.read(folder, Hyperparameters(image_size=8, channels=1))
    assert found.notes == (
        f"files in {folder} that are not trained on: 2 TIFF images, a format that is not supported; "
        "3 of other types (.csv, .txt, no suffix); 2 in deeper folders; 1 beside the label folders; 2 hidden",
    )


def test_a_label_with_deeper_images_only_is_refused_with_their_place(folder: Path) -> None:
    picture(folder / "bird" / "small" / "1.png")
    with pytest.raises(JobError, match=r"bird contains no images itself; folders in it do: .*bird/small \(1\)"):
        folders.list_images(folder)


def test_a_folder_around_the_labels_is_named(folder: Path) -> None:
    with pytest.raises(JobError, match=r"no label folders, but training .*Make .*/training the channel's source"):
        folders.list_images(folder.parent)


def test_labels_must_have_images_and_differ_by_more_than_case(folder: Path) -> None:
    (folder / "bird").mkdir()
    with pytest.raises(JobError, match="bird contains no images"):
        folders.list_images(folder)
    picture(folder / "bird" / "1.png")
    picture(folder / "Dog" / "1.png")
    with pytest.raises(JobError, match="differ only in case: Dog, dog"):
        folders.list_images(folder)


COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"  # the same name, as Linux and as macOS may write it


def test_a_label_is_the_same_in_every_unicode_form(folder: Path, tmp_path: Path) -> None:
    picture(folder / COMPOSED / "1.png")
    training = folders.list_images(folder)
    for name in (DECOMPOSED, "cat", "dog"):
        picture(tmp_path / "validation" / name / "1.png")
    validation = folders.list_images(tmp_path / "validation", training.labels)
    assert [validation.labels[number] for number in validation.numbers] == [COMPOSED, "cat", "dog"]
    picture(folder / DECOMPOSED / "1.png")
    with pytest.raises(JobError, match=r"one name in two Unicode forms: 'cafe\\u0301', 'caf\\xe9'"):
        folders.list_images(folder)


def test_the_folder_that_macos_adds_to_an_archive_is_no_label(folder: Path) -> None:
    picture(folder / "__MACOSX" / "cat" / "1.png")
    assert folders.list_images(folder).labels == ("cat", "dog")


def test_the_number_of_converted_images_is_said(folder: Path) -> None:
    settings = Hyperparameters(image_size=8, channels=1)
    assert channel.read(folder, settings).notes == ()
    picture(folder / "dog" / "2.png", "RGB", (20, 10))
    assert channel.read(folder, settings).notes == (
        "1 of 4 training images have another size or colour mode: resized to 8 by 8, converted to grey",
    )


@pytest.mark.e2e
def test_check_prints_the_error_with_which_a_job_would_fail(folder: Path) -> None:
    good = json.loads(forked_trainer("check", "--training", str(folder)).stdout)
    assert good["problem"] is None
    assert "resized to 224 by 224" in good["notes"][0]
    (folder / "dog" / "0.png").write_text("no image")
    bad = json.loads(forked_trainer("check", "--training", str(folder)).stdout)
    assert "1 of 4 files" in bad["problem"]
    assert "unreadable=skip" in bad["fix"]
    skipped = json.loads(forked_trainer("check", "--training", str(folder), "--unreadable", "skip").stdout)
    assert skipped["problem"] is None
