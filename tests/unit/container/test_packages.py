"""The packages of a project's requirements.txt, from an index that asks for a password."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.container.packages import PINS, Interpreter, download
from scripts.core.errors import UserError
from tests.package_index import PASSWORD, package_index

pytestmark = pytest.mark.e2e  # each test runs pip

PYTHON = Interpreter((3, 12), 36, {"greeting_of_mine": "1.0"})


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with package_index() as found:
        yield found


@pytest.fixture
def requirements(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    configuration = tmp_path / "pip.conf"
    configuration.write_text(f"[global]\nindex-url = {address}\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(configuration))
    return tmp_path / "requirements.txt"


def downloaded(requirements: Path, text: str, python: Interpreter) -> tuple[set[str], str, list[str]]:
    """Names of the files, pins, and what was said."""
    folder, said = requirements.with_name("packages"), list[str]()
    folder.mkdir()
    requirements.write_text(text)
    download(requirements, python, folder, said.append)
    return {path.name for path in folder.iterdir()} - {PINS}, (folder / PINS).read_text(), said


def test_a_wheel_and_a_source_are_downloaded(requirements: Path) -> None:
    text = "Greeting.of_mine>=1 # a comment\n\nonly-source-of-mine==0.3\n"
    files, pins, _ = downloaded(requirements, text, Interpreter((3, 12), 36, {}))
    assert files == {"greeting_of_mine-1.2-py3-none-any.whl", "only-source-of-mine-0.3.tar.gz"}
    assert pins == "greeting-of-mine==1.2\nonly-source-of-mine==0.3\n"


def test_what_the_base_image_has_is_not_downloaded(requirements: Path) -> None:
    has = Interpreter((3, 12), 36, {"Greeting_Of.Mine": "1.2"})
    assert downloaded(requirements, "greeting-of-mine", has)[:2] == (set(), "")


def test_another_version_than_that_of_the_base_image_replaces_it_and_is_named(requirements: Path) -> None:
    files, pins, said = downloaded(requirements, "greeting-of-mine==1.2", PYTHON)
    assert (files, pins) == ({"greeting_of_mine-1.2-py3-none-any.whl"}, "greeting-of-mine==1.2\n")
    assert said[0] == "requirements.txt asks for other versions than the base image has: these replace them."


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("absent-of-mine==1", "No matching distribution found for absent-of-mine==1"),
        ("not a requirement!", "Invalid requirement"),
    ],
)
def test_what_cannot_be_downloaded_is_named_without_the_password(requirements: Path, text: str, problem: str) -> None:
    with pytest.raises(UserError, match=problem) as caught:
        downloaded(requirements, text, PYTHON)
    assert PASSWORD not in str(caught.value)


def test_an_index_that_refuses_the_password_is_no_traceback(
    requirements: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    requirements.with_name("pip.conf").write_text(f"[global]\nindex-url = {address.replace(PASSWORD, 'another')}\n")
    with pytest.raises(UserError, match="cannot be downloaded") as caught:
        downloaded(requirements, "greeting-of-mine", PYTHON)
    assert "another" not in str(caught.value)


def test_files_of_another_python_or_a_newer_c_library_are_not_asked_for() -> None:
    flags = Interpreter((3, 12), 28, {}).flags()
    assert {
        "--python-version=3.12",
        "--abi=cp312",
        "--platform=manylinux_2_28_x86_64",
        "--platform=manylinux2014_x86_64",
    } <= set(flags)
    assert "--platform=manylinux_2_34_x86_64" not in flags


def test_requirements_in_another_encoding_are_refused(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("six", encoding="utf-16")  # as PowerShell's `pip freeze > requirements.txt`
    with pytest.raises(UserError, match=r"requirements.txt is not UTF-8 \(byte 0\)"):
        download(requirements, PYTHON, tmp_path, print)
