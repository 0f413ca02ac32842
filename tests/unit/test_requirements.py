"""The pinned requirements: each has hashes, none names a package index, and TensorFlow's match the AWS container."""

import re

import pytest

from tests.conftest import ROOT

CONTAINER = {"h5py": "3.14.0", "keras": "3.15.1", "numpy": "2.4.6", "protobuf": "6.33.6"}
ASKED_FOR = {"python-terraform", "boto3", "jinja2", "pytest", "tensorflow", "tensorflow-cpu"}


def pins(name: str) -> dict[str, str]:
    text = (ROOT / name).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    found = {}
    for line in lines:
        match = re.fullmatch(r"([a-z0-9][a-z0-9._-]*)==(\S+)( ; [^-]*?)?((?: +--hash=sha256:[0-9a-f]{64})+) *", line)
        assert match, f"not a pin with hashes: {line}"
        found[match[1]] = match[2]
    return found


@pytest.mark.parametrize(
    "name", ["", "-aws", "-review", "-dev", "-awscli", "-toolkit", "-scanners", "-boto3", "-sdk2", "-sdk3"]
)
def test_everything_is_pinned_with_hashes_and_without_a_package_index(name: str) -> None:
    assert len(pins(f"requirements{name}.txt")) > 5
    text = (ROOT / f"requirements{name}.txt").read_text()
    assert not re.search(r"https?:|file:|--index|--extra-index|--find-links|^-|@", text, flags=re.MULTILINE)


def test_the_owner_s_packages_are_there() -> None:
    assert pins("requirements.txt").keys() >= ASKED_FOR


def test_the_trainer_s_packages_have_the_container_s_versions() -> None:
    found = pins("requirements.txt")
    assert {name: found[name] for name in CONTAINER} == CONTAINER
    assert found["tensorflow"] == found["tensorflow-cpu"] == "2.21.0"


def test_tensorflow_is_chosen_by_platform() -> None:
    text = (ROOT / "requirements.txt").read_text()
    assert re.search(r"^tensorflow-cpu==.*platform_machine == 'x86_64' and sys_platform == 'linux'", text, re.MULTILINE)
    assert re.search(r"^tensorflow==.*platform_machine != 'x86_64' or sys_platform != 'linux'", text, re.MULTILINE)


def test_development_pins_agree() -> None:
    both, main = pins("requirements-dev.txt"), pins("requirements.txt")
    assert {name: both[name] for name in both.keys() & main.keys()} == {
        name: main[name] for name in both.keys() & main.keys()
    }


def test_a_runner_s_pins_are_a_part_of_all_pins() -> None:
    assert pins("requirements-aws.txt").items() <= pins("requirements.txt").items()
    assert not pins("requirements-aws.txt").keys() & {"tensorflow", "tensorflow-cpu", "scipy", "moto", "pytest"}


def test_the_review_s_pins_are_a_part_of_a_runner_s() -> None:
    assert pins("requirements-review.txt").items() <= pins("requirements-aws.txt").items()
    assert len(pins("requirements-review.txt")) < len(pins("requirements-aws.txt")) - 3


def test_large_packages_that_nothing_imports_stay_out() -> None:
    assert not pins("requirements.txt").keys() & {"libclang", "cfn-lint", "sympy", "networkx"}
