"""Pulling, remembering and refusing a base, and building on it, with a real engine and a real registry."""

import io
import json
import shutil
import socket
import subprocess
import sys
import tarfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import docker
import pytest

from scripts.container import Base, base, build, image_tag, pull
from scripts.core.errors import UserError
from scripts.core.ports import reserved_port
from tests.conftest import ROOT, Project, clean_environment, missing

pytestmark = pytest.mark.e2e

# Another run of the tests may use the same engine.
TINY, ARM = (f"trainyard-test-{name}:{uuid.uuid4().hex[:12]}" for name in ("tiny", "arm"))
TAG = "2.21.0-cpu-py312-amzn2023-sagemaker"
DOCKERFILE = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY . /code/\n"
SAYS = 'import json, sys\nprint(json.dumps({"hyperparameters": [], "metrics": [{"regex": r"\\bx=$y"}]}))\n'
SILENT: Callable[[str], None] = lambda _line: None  # noqa: E731


def a_file() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(f"made-{time.time_ns()}"))  # another image every time
    return made.getvalue()


@pytest.fixture
def tiny(engine: Any) -> Iterator[str]:
    """An image of one empty file."""
    subprocess.run(["docker", "import", "-", TINY], input=a_file(), check=True, capture_output=True)
    yield TINY
    engine.images.remove(TINY, force=True)


@pytest.fixture
def arm(engine: Any, tiny: str) -> Iterator[str]:
    """The same image for a platform that SageMaker does not have."""
    saved = io.BytesIO(b"".join(engine.images.get(tiny).save(named=True)))
    changed = io.BytesIO()
    with tarfile.open(fileobj=saved) as old, tarfile.open(fileobj=changed, mode="w") as new:
        (manifest,) = json.loads(contents(old, "manifest.json"))
        config = json.loads(contents(old, manifest["Config"])) | {"architecture": "arm64"}
        entries = {name: contents(old, name) for name in manifest["Layers"]}
        entries["config.json"] = json.dumps(config).encode()
        entries["manifest.json"] = json.dumps([manifest | {"Config": "config.json", "RepoTags": [ARM]}]).encode()
        for name, content in entries.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            new.addfile(entry, io.BytesIO(content))
    engine.images.load(changed.getvalue())
    yield ARM
    engine.images.remove(ARM, force=True)


def contents(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file
    return file.read()


@pytest.fixture
def shelf(engine: Any, tiny: str, tmp_path: Path) -> Iterator[str]:
    """The repository of a registry that holds the tiny image under AWS's tag; the engine does not have the image."""
    program = shutil.which("docker-registry")
    if program is None:
        missing("docker-registry is not on PATH")
    with reserved_port() as port:
        settings = f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {tmp_path}/held}}}}\n"
        (tmp_path / "registry.yml").write_text(f"{settings}http: {{addr: '127.0.0.1:{port}'}}\n")
        served = subprocess.Popen([str(program), "serve", str(tmp_path / "registry.yml")], stderr=subprocess.DEVNULL)
        repository = f"localhost:{port}/tensorflow-training"
        try:
            wait_for(port)
            engine.api.tag(tiny, repository, TAG)
            events = engine.api.push(repository, TAG, stream=True, decode=True)
            assert not [event for event in events if "error" in event]
            forget_image(engine, repository)
            yield repository
        finally:
            forget_image(engine, repository)
            served.terminate()
            served.wait()


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < deadline, "the registry does not answer"
        time.sleep(0.02)


def forget_image(client: Any, repository: str) -> None:
    for image in client.api.images(repository):
        for name in [*(image["RepoTags"] or ()), *(image["RepoDigests"] or ())]:
            if name.startswith((f"{repository}:", f"{repository}@")):
                with suppress(docker.errors.NotFound):  # without its last tag, an image has no digest either
                    client.api.remove_image(name, force=True)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder with a small trainer."""
    folder = tmp_path / "project"
    (folder / "trainer").mkdir(parents=True)
    (folder / "trainer" / "Dockerfile").write_text(DOCKERFILE)
    (folder / "trainer" / "__main__.py").write_text(SAYS)
    monkeypatch.chdir(folder)
    monkeypatch.delenv("TF_DATA_DIR", raising=False)
    return folder


def error_of(call: Callable[[], object]) -> UserError:
    with pytest.raises(UserError) as raised:
        call()
    return raised.value


def test_the_first_pull_writes_the_lock_and_the_next_follows_it(engine: Any, shelf: str, place: Path) -> None:
    output: list[str] = []
    where, unlocked = pull.Source(shelf, {}), Base(f"{shelf}:{TAG}", "", TAG)
    first = pull.pull_aws_base(engine, where, unlocked, output.append)
    assert base.read_lock() == {TAG: first.pin}
    assert first.reference == f"{shelf}@{first.pin}"
    assert "commit it" in output[-1]
    assert pull.find_local(engine, first) == first

    # A newer image gets the tag; a person with the lock file still builds on the old one.
    subprocess.run(["docker", "import", "-", f"{shelf}:{TAG}"], input=a_file(), check=True, capture_output=True)
    list(engine.api.push(shelf, TAG, stream=True))
    forget_image(engine, shelf)
    assert pull.find_local(engine, first) is None
    again = pull.pull_aws_base(engine, where, first, output.append)
    assert again == first
    assert pull.local_tags(engine) >= {TAG}
    assert base.read_lock() == {TAG: first.pin}

    newest = pull.pull_aws_base(engine, where, replace(first, pin=""), output.append)
    assert newest.pin != first.pin
    assert base.read_lock() == {TAG: newest.pin}


def test_a_digest_that_no_longer_exists_is_an_error(engine: Any, shelf: str, place: Path) -> None:
    gone = Base("", "sha256:" + "0" * 64, TAG)
    error = error_of(lambda: pull.pull_aws_base(engine, pull.Source(shelf, {}), gone, SILENT))
    assert error.problem.startswith(f"There is no {shelf}@sha256:0000")
    assert base.read_lock() == {}


def test_your_own_base_is_pulled_only_if_it_is_not_local(engine: Any, tiny: str, shelf: str, place: Path) -> None:
    output: list[str] = []
    local = pull.choose_image(engine, tiny, "dev", output.append)
    assert local == Base(tiny, engine.images.get(tiny).id)
    assert not output
    assert base.current_base("us-east-1", True, "dev") == local
    pulled = pull.choose_image(engine, f"{shelf}:{TAG}", "dev", output.append)
    assert pulled.pin in engine.images.get(f"{shelf}:{TAG}").attrs["RepoDigests"][0]
    assert output == [f"Pulling {shelf}:{TAG}"]
    assert base.read_lock() == {}, "only AWS's containers are in the lock file"


def test_a_remembered_name_of_another_image_is_an_error(engine: Any, tiny: str, place: Path) -> None:
    before = pull.choose_image(engine, tiny, "dev", SILENT)
    subprocess.run(["docker", "import", "-", tiny], input=a_file(), check=True, capture_output=True)
    error = error_of(lambda: pull.ensure(engine, before, "us-east-1", SILENT))
    assert before.pin in error.problem
    assert f"make base BASE={tiny}" in error.fix
    engine.images.remove(before.pin)


def test_a_base_for_another_platform_is_refused(engine: Any, arm: str, place: Path) -> None:
    error = error_of(lambda: pull.choose_image(engine, arm, "dev", SILENT))
    assert "linux/arm64" in error.problem
    assert base.remembered_base("dev") is None


@pytest.mark.parametrize("name", ["127.0.0.1:9/none:1", "not a name", "UPPER"])
def test_the_error_about_a_wrong_name_contains_the_name(engine: Any, place: Path, name: str) -> None:
    error = error_of(lambda: pull.choose_image(engine, name, "dev", SILENT))
    assert name in error.problem


def test_a_built_image_has_its_base_its_tag_and_its_description(engine: Any, tiny: str, place: Path) -> None:
    own = pull.get_image(engine, tiny, SILENT)
    tag = image_tag(own)
    image = engine.images.get(build(own, tag, SILENT))
    assert f"trainyard:{tag}" in image.tags
    assert image.attrs["RootFS"]["Layers"][:1] == engine.images.get(tiny).attrs["RootFS"]["Layers"]
    assert set(image.labels) == {"trainyard.describe"}, "there is no git here"
    assert json.loads(image.labels["trainyard.describe"])["metrics"] == [{"regex": r"\bx=$y"}]
    assert engine.images.get(build(own, tag, SILENT)).id == image.id, "the builder's cache holds it"
    engine.images.remove(image.id, force=True)


def test_the_labels_of_an_image_name_its_source_and_revision(engine: Any, tiny: str, place: Path) -> None:
    def git(*arguments: str) -> str:
        who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
        ended = subprocess.run(["git", *who, *arguments], cwd=place, check=True, capture_output=True, text=True)
        return ended.stdout.strip()

    git("init", "-q")
    git("remote", "add", "origin", "https://ada:secret@example.com/ada/yard.git")
    git("add", ".")
    git("commit", "-qm", "the trainer")
    touched = git("rev-parse", "HEAD")
    (place / "README.md").write_text("")
    git("add", ".")
    git("commit", "-qm", "something else")
    own = pull.get_image(engine, tiny, SILENT)
    image = engine.images.get(build(own, image_tag(own), SILENT))
    assert image.labels["org.opencontainers.image.source"] == "https://example.com/ada/yard.git"
    assert image.labels["org.opencontainers.image.revision"] == touched
    (place / "trainer" / "new.py").write_text("")
    later = engine.images.get(build(own, image_tag(own), SILENT))
    assert later.labels["org.opencontainers.image.revision"] == f"{touched}-dirty"
    for one in (image, later):
        engine.images.remove(one.id, force=True)


def test_a_build_that_fails_shows_its_last_lines(
    engine: Any, base_image: str, place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (place / "trainer" / "Dockerfile").write_text(DOCKERFILE + "RUN echo Look here; exit 7\n")
    own = pull.get_image(engine, base_image, SILENT)
    error = error_of(lambda: build(own, image_tag(own), SILENT))
    assert "non-zero code: 7" in error.problem or "exit code: 7" in error.problem
    printed = capfd.readouterr()
    assert "Look here" in printed.err
    assert printed.out == ""


def test_the_error_about_a_full_disk_says_how_to_free_space(engine: Any, base_image: str, place: Path) -> None:
    (place / "trainer" / "Dockerfile").write_text(DOCKERFILE + "RUN head -c 80000000 /dev/zero >/dev/shm/full\n")
    own = pull.get_image(engine, base_image, SILENT)
    assert "docker system df" in error_of(lambda: build(own, image_tag(own), SILENT)).fix


def test_a_build_is_refused_if_the_tree_has_changed_since_its_tag(tiny: str, engine: Any, place: Path) -> None:
    own = pull.get_image(engine, tiny, SILENT)
    tag = image_tag(own)
    (place / "trainer" / "new.py").write_text("")
    assert "has changed" in error_of(lambda: build(own, tag, SILENT)).problem


def test_the_trainer_s_image_has_the_trainer_s_description(
    engine: Any, base_image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    own = pull.get_image(engine, base_image, SILENT)
    image = engine.images.get(build(own, image_tag(own), SILENT))
    command = [sys.executable, "-m", "trainer", "describe"]
    description = subprocess.run(command, cwd=ROOT, env=clean_environment(), capture_output=True, check=True).stdout
    assert json.loads(image.labels["trainyard.describe"]) == json.loads(description)
    assert (image.attrs["Os"], image.attrs["Architecture"]) == ("linux", "amd64")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the project without any preparation."""
    return Project(tmp_path_factory.mktemp("bare"))


def test_the_error_without_docker_says_what_to_install(copy: Project, tmp_path: Path) -> None:
    environment = {"PATH": str(tmp_path), "DOCKER_HOST": "unix:///nowhere", "AWS_REGION": "eu-west-1"}
    ended = copy.verb("base", "--base", "mine:1", env=environment)
    assert ended.returncode == 2
    assert ended.stderr.splitlines() == [
        "Error: Docker is not installed: there is no `docker` on PATH.",
        "Fix:   Install Docker and start it: https://docs.docker.com/engine/install/",
    ]


def test_an_engine_that_does_not_answer_is_an_error(copy: Project) -> None:
    ended = copy.verb("base", "--base", "mine:1", env={"DOCKER_HOST": "unix:///nowhere"})
    assert ended.returncode == 2
    problem, fix = ended.stderr.splitlines()
    assert problem.startswith("Error: No Docker engine answers")
    assert "Start it" in fix


def test_the_list_needs_neither_engine_nor_credentials(copy: Project) -> None:
    environment = {"DOCKER_HOST": "unix:///nowhere", "AWS_REGION": "eu-west-1", "HOME": "/nowhere"}
    ended = copy.verb("base", "--list", env=environment)
    assert ended.returncode == 0, ended.stderr
    assert "763104351884.dkr.ecr.eu-west-1.amazonaws.com/tensorflow-training" in ended.stdout


def test_we_use_the_same_engine_as_the_docker_command(engine: Any) -> None:
    from scripts.container import engine as ours

    assert ours.connect().info()["ID"] == engine.info()["ID"]
