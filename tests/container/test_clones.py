"""Two clones of one repository with the same stack: one finds the image that the other has pushed."""

import re
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.conftest import Project, clean_environment
from tests.put_back import changed

pytestmark = pytest.mark.e2e


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    subprocess.run(["git", *who, *arguments], cwd=folder, env=clean_environment(), check=True, capture_output=True)


@pytest.fixture(scope="module")
def clones(dock: Project, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two clones, with the dock's stack applied."""
    folder = tmp_path_factory.mktemp("clones")
    origin = Project(folder / "origin").folder
    (origin / ".venv").unlink()
    # No earlier run of these tests has pushed this tree's layer.
    (origin / "trainer" / "once.py").write_text(f"# {uuid.uuid4()}\n")
    git(origin, "init", "-q")
    git(origin, "add", ".")
    git(origin, "commit", "-qm", "first")
    for name in ("one", "two"):
        git(folder, "clone", "-q", str(origin), name)
        (folder / name / ".venv").symlink_to(dock.folder / ".venv")
    return folder / "one", folder / "two"


def image(clone: Path, dock: Project, *more: str) -> str:
    """The output of `make image` in a clone whose shell points at the dock's local cloud."""
    own = 'TF_DATA_DIR="$PWD/build/local-local/terraform"'
    pointed = f'eval "$(make -s -C {dock.folder} cloud-env)"; {own} exec "$@"'
    typed = [".venv/bin/python", "-m", "scripts.image", "--env", "local", "--job", "digits", *more]
    ended = subprocess.run(
        ["sh", "-c", pointed, "sh", *typed],
        cwd=clone,
        env=dock.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def pushed(output: str) -> tuple[str, str]:
    found = re.search(r"(trainer-[0-9a-f]{12})[\s\S]*(sha256:[0-9a-f]{64})", output)
    assert found, output
    return found[1], found[2]


@pytest.fixture(scope="module")
def first(clones: tuple[Path, Path], dock: Project, base_image: str) -> str:
    """The output of `make image` in the first clone."""
    return image(clones[0], dock, "--base", base_image)


def test_the_second_clone_finds_the_image_of_the_first(
    clones: tuple[Path, Path], first: str, dock: Project, base_image: str
) -> None:
    second = image(clones[1], dock, "--base", base_image)
    assert len(second.splitlines()) == 1, second
    assert "is in ECR already" in second
    assert pushed(first) == pushed(second)


def test_after_an_edit_only_kilobytes_are_sent(clones: tuple[Path, Path], first: str, dock: Project) -> None:
    """benchmarks/image.py measures how long that takes."""
    one, _ = clones
    edited = one / "trainer" / "commands.py"
    with changed(edited, f"{edited.read_text()}# {uuid.uuid4()}\n"):
        output = image(one, dock)
    sent = re.search(r"^Pushed 1 new layer \(([0-9.]+) kB sent\)", output, re.MULTILINE)
    assert sent, output
    assert float(sent[1]) < 200


def test_with_a_token_of_the_local_cloud_the_public_registry_is_used(dock: Project) -> None:
    program = "from scripts.container import pull; print(pull.source('us-east-1'))"
    ended = dock.verb("cloud", "exec", "--", sys.executable, "-c", program)
    assert ended.stdout.split("'")[1] == "public.ecr.aws/deep-learning-containers/tensorflow-training", ended.stderr
    assert "auth={}" in ended.stdout
