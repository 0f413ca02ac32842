"""The checks of a folder per label before training, without TensorFlow."""

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.unit.trainer.trainer_runs import trainer
from trainer.images import folders, headers
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
    ("name", "mode", "channels"),
    [("a.png", "L", 1), ("a.png", "RGB", 3), ("a.png", "RGBA", 4), ("a.jpg", "L", 1), ("a.jpeg", "RGB", 3)],
)
def test_a_header_contains_size_and_channels(name: str, mode: str, channels: int, tmp_path: Path) -> None:
    assert headers.read(picture(tmp_path / name, mode, (11, 7))) == headers.Header(11, 7, channels)


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"\xff\xd8\x00\x00\x00\x00"])
def test_a_file_that_is_not_an_image_has_no_header(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(content)
    assert headers.read(tmp_path / "a.png") is None


def test_broken_files_are_an_error_or_skipped(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = folder / "cat" / "0.png"
    broken.write_text("no image")
    images = folders.list_images(folder)
    assert folders.find_non_images(images) == [str(broken)]
    with pytest.raises(JobError, match=r"1 of 4 files cannot be read as images: .*unreadable=skip"):
        folders.check_readable(images, [str(broken)], skip=False)
    readable = folders.check_readable(images, [str(broken)], skip=True)
    assert (len(readable.paths), readable.numbers) == (3, (0, 0, 1))
    assert f"skipped: {broken}" in capsys.readouterr().out


def test_a_label_with_only_broken_files_is_refused(folder: Path) -> None:
    images = folders.list_images(folder)
    with pytest.raises(JobError, match="No file of the label dog"):
        folders.check_readable(images, [str(folder / "dog" / "1.png")], skip=True)


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


def test_the_number_of_converted_images_is_printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders.report_conversion(folders.list_images(folder), 8, 1)
    assert capsys.readouterr().out == ""
    picture(folder / "dog" / "2.png", "RGB", (20, 10))
    folders.report_conversion(folders.list_images(folder), 8, 1)
    assert capsys.readouterr().out == (
        "1 of 4 training images have another size or colour mode: resized to 8 by 8, converted to grey\n"
    )


def test_check_prints_the_error_with_which_a_job_would_fail(folder: Path) -> None:
    good = json.loads(trainer("check", "--training", str(folder)).stdout)
    assert good == {"problem": None, "fix": None}
    (folder / "dog" / "0.png").write_text("no image")
    bad = json.loads(trainer("check", "--training", str(folder)).stdout)
    assert "1 of 4 files" in bad["problem"]
    assert "unreadable=skip" in bad["fix"]
    skipped = json.loads(trainer("check", "--training", str(folder), "--unreadable", "skip").stdout)
    assert skipped["problem"] is None
