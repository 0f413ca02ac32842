"""A project's folder: what goes into its image, and what never does."""

import subprocess
from pathlib import Path

import pytest

from scripts.container import Base, Project, check_program, project_tag, read_project
from scripts.core.errors import UserError
from tests.conftest import ROOT, clean_environment

BASE = Base("registry/tensorflow-training:2.21.0-cpu", "sha256:" + "0" * 64, "2.21.0-cpu")
SECRET = {
    ".env": "of environment variables",
    "deploy/prod.env": "of environment variables",
    "keys/id_rsa": "of private keys",
    "certificate.PEM": "of private keys",
    ".aws/credentials": "of credentials",
    "kaggle.json": "of credentials",
    "my-service-account-1.json": "of credentials",
    "terraform.tfstate": "of credentials",
}
LOCAL = {
    "venv/lib/x.py": "of virtual environments",
    "a/.mypy_cache/x.json": "of caches",
    "a/__pycache__/x.pyc": "of caches",
    "wandb/run.log": "of earlier runs",
    "logs/events.out.tfevents.17": "of earlier runs",
}
CODE = ("train.py", "environment.py", "keys.py", "runs.py", "data/tokenizer.json", "model.h5", ".gitignore")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(ROOT)
    for name in CODE:
        write(tmp_path / name)
    return tmp_path


def write(path: Path, text: str = "x") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    subprocess.run(["git", *who, *arguments], cwd=folder, env=clean_environment(), check=True, capture_output=True)


def names(project: Project) -> set[str]:
    return {file.name for file in project.files}


@pytest.mark.parametrize("repository", [True, False], ids=["git", "no git"])
def test_secrets_and_what_belongs_to_this_machine_stay_out_even_if_git_tracks_them(
    folder: Path, repository: bool
) -> None:
    for name in (*SECRET, *LOCAL):
        write(folder / name)
    if repository:
        git(folder, "init", "-q")
        git(folder, "add", "--force", ".")
    found = read_project(folder)
    assert names(found) == set(CODE)
    expected = list(SECRET.values()) + [kind for name, kind in LOCAL.items() if repository or "__pycache__" not in name]
    assert sorted(found.left_out.elements()) == sorted(expected)
    for kind in set(expected):
        assert kind in found.summary()
    assert found.summary().startswith(f"From {folder}: {len(CODE)} files, 0.0 MB; left out: ")


@pytest.mark.parametrize("repository", [True, False], ids=["git", "no git"])
def test_gitignore_and_dockerignore_count(folder: Path, repository: bool) -> None:
    write(folder / ".gitignore", "*.log\n/data/\n")
    write(folder / ".dockerignore", "docs\n")
    for name in ("a.log", "sub/b.log", "docs/page.md", "sub/kept.py"):
        write(folder / name)
    if repository:
        git(folder, "init", "-q")
    assert names(read_project(folder)) == {*CODE, ".dockerignore", "sub/kept.py"} - {"data/tokenizer.json"}


def test_a_repository_inside_goes_into_the_image_too(folder: Path) -> None:
    git(folder, "init", "-q")
    write(folder / "library" / "inner.py")
    git(folder / "library", "init", "-q")
    assert "library/inner.py" in names(read_project(folder))


def test_a_link_may_lead_to_another_file_of_the_folder_only(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (folder / "latest.py").symlink_to("train.py")
    assert "latest.py" in names(read_project(folder))
    outside = tmp_path_factory.mktemp("outside") / "secret.txt"
    write(outside)
    (folder / "notes.txt").symlink_to(outside)
    with pytest.raises(UserError, match="leads out of the folder") as caught:
        read_project(folder)
    assert str(folder / "notes.txt") in caught.value.problem


def test_a_program_must_go_into_the_image(folder: Path) -> None:
    write(folder / "secrets.py")
    write(folder / ".dockerignore", "notes.py\n")
    write(folder / "notes.py")
    check_program("train.py", str(folder))
    with pytest.raises(UserError, match=r"secrets\.py would not be in the image: it has the name of credentials"):
        check_program("secrets.py", str(folder))
    with pytest.raises(UserError, match=r"\.dockerignore excludes it"):
        check_program("notes.py", str(folder))


@pytest.mark.parametrize("code", [".", "..", "absent"])
def test_folders_that_cannot_be_a_job_s_code(folder: Path, code: str) -> None:
    with pytest.raises(UserError):
        read_project(Path(code))


def test_a_folder_with_nothing_for_the_image_is_refused(tmp_path: Path) -> None:
    write(tmp_path / ".env")
    with pytest.raises(UserError, match="No file of"):
        read_project(tmp_path)


def test_the_tag_is_a_digest_of_the_project_and_of_what_starts_it(folder: Path) -> None:
    before = project_tag(BASE, read_project(folder))
    write(folder / ".env", "another secret")
    assert project_tag(BASE, read_project(folder)) == before
    assert before.startswith("code-")
    write(folder / "train.py", "y")
    assert project_tag(BASE, read_project(folder)) != before


def test_the_image_has_the_package_and_no_more_of_the_trainer_than_the_project_needs(folder: Path) -> None:
    context = {file.name for file in read_project(folder).context}
    ours = {name.removeprefix("trainer/") for name in context if name.startswith("trainer/")}
    assert {"__main__.py", "commands.py", "contract/start_program.py"} <= ours
    assert not any(name.startswith(("images", "tasks", "networks")) for name in ours)
    package = {file.relative_to(ROOT).as_posix() for file in (ROOT / "trainyard").rglob("*.py")}
    rest = {name for name in context if not name.startswith("trainer/")}
    assert rest == {"Dockerfile", *(f"code/{name}" for name in CODE), *package}
