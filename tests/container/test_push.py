"""Pushes of a real engine to a real registry, with broken connections and expired tokens as on the way to AWS."""

import dataclasses
import io
import json
import os
import socket
import tarfile
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from scripts import jobfile, training
from scripts.container import push as push_module
from scripts.container import repository, shell
from scripts.container.layers import Layers
from scripts.container.push import push
from scripts.core import aws
from scripts.core.errors import UserError
from scripts.jobfile.hyperparameters import Hyperparameter, TrainerDescription
from scripts.localcloud.app import Application
from scripts.localcloud.engine import ContainerSupport
from scripts.localcloud.http import Handler
from scripts.localcloud.interruptions import Orders
from scripts.localcloud.registry import Registry
from scripts.localcloud.registry.tokens import Tokens, TokenStatus
from scripts.localcloud.s3.blobs import Store
from scripts.stack import Stack
from tests.unit.aws_server import STACK

pytestmark = pytest.mark.e2e

# Another run of the tests may use the same engine.
NAME = f"trainyard-push-test-{uuid.uuid4().hex[:12]}"
SIZE = 2_000_000
EPOCHS = Hyperparameter("epochs", "int", 1, 100, None)
LABEL = json.dumps({"hyperparameters": [dataclasses.asdict(EPOCHS)], "metrics": []})


class ShortLivedTokens(Tokens):
    """Tokens that expire after a number of requests."""

    def __init__(self, requests: int) -> None:
        super().__init__()
        self.requests = requests
        self.used: dict[str, int] = {}

    def status(self, subject: str, token: str) -> TokenStatus:
        self.used[token] = self.used.get(token, 0) + 1
        return super().status(subject, token) if self.used[token] <= self.requests else TokenStatus.EXPIRED


@dataclass
class Wire:
    """A proxy between the engine and the registry that can break connections.

    Args:
        to: the registry's port.
        cuts: for each of the first connections with data, the number of bytes after which it breaks.
    """

    to: int
    cuts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                here, _ = self._listener.accept()
            except OSError:
                return
            there = socket.create_connection(("127.0.0.1", self.to))
            for pair in ((here, there), (there, here)):
                threading.Thread(target=self._carry, args=(*pair, pair[0] is here), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, outward: bool) -> None:
        gone = 0
        with suppress(OSError):
            while data := source.recv(1 << 16):
                gone += len(data)
                if outward and data[:1] != b"\x16" and self._cut(gone):  # the engine first tries TLS
                    break
                target.sendall(data)
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _cut(self, gone: int) -> bool:
        with self._lock:
            if self.cuts and gone > self.cuts[0]:
                del self.cuts[0]
                return True
            return False


@dataclass
class Place:
    """An account with one repository, and the proxy to it."""

    stack: Stack
    tokens: Tokens
    wire: Wire


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """The local cloud's ECR and registry in this process; the test's parameter makes its tokens."""
    made: Callable[[], Tokens] = getattr(request, "param", Tokens)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        wire, tokens = Wire(port), made()
        registry = Registry(tmp_path / "registry", f"localhost:{port}", tokens)
        store = Store(tmp_path / "objects")
        support = ContainerSupport(None, "a base")
        application = Application(lambda _call: None, registry, lambda: support, store, Orders(), lambda _: None)
        server = make_server(
            "127.0.0.1", port, application, threaded=True, request_handler=Handler, fd=listener.fileno()
        )
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": "us-east-1",
            "NO_PROXY": "127.0.0.1,localhost",
            "HOME": str(tmp_path / "home"),
            "DOCKER_CONFIG": str(tmp_path / "home" / ".docker"),
        }.items():
            monkeypatch.setenv(name, value)
        aws.session.cache_clear()
        stack = STACK.model_copy(update={"repository_url": f"localhost:{wire.port}/{STACK.repository_name}"})
        ecr = aws.client("ecr")
        ecr.create_repository(repositoryName=stack.repository_name, imageTagMutability="IMMUTABLE")
        yield Place(stack, tokens, wire)
        ecr.delete_repository(repositoryName=stack.repository_name, force=True)
        wire.close()
        server.shutdown()
        thread.join()
        server.server_close()
        registry.close()
        aws.session.cache_clear()
    # No token is left behind, and no file of the user is changed.
    assert not (tmp_path / "home").exists()


@pytest.fixture
def image(engine: Any) -> Iterator[Callable[..., str]]:
    """Builds images from layers; the same contents give the same layers."""
    made: list[str] = []

    def build(*layers: bytes, label: str = LABEL) -> str:
        lines = ["FROM scratch", *(f"COPY {number} /" for number in range(len(layers)))]
        lines.append(f"LABEL {repository.LABEL}='{label}'")
        files = {"Dockerfile": "\n".join(lines).encode(), **{str(n): layer for n, layer in enumerate(layers)}}
        context = io.BytesIO()
        with tarfile.open(fileobj=context, mode="w") as tar:
            for name, content in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        context.seek(0)
        built, _ = engine.images.build(fileobj=context, custom_context=True, rm=True, forcerm=True)
        built.tag(NAME, str(len(made)))
        made.append(f"{NAME}:{len(made)}")
        return str(built.id)

    yield build
    for name in made:
        engine.images.remove(name)


def some() -> bytes:
    return os.urandom(SIZE)


def local_names(engine: Any, place: Place) -> set[str]:
    """The names of images that these tests gave, and those of the place's registry."""
    ours = (f"{NAME}:", place.stack.repository_url)
    # Not images.list(): it asks for each image again, and somebody may remove one meanwhile.
    return {tag for found in engine.api.images() for tag in found["RepoTags"] or () if tag.startswith(ours)}


def push_error_of(image_id: str, place: Place, tag: str = "v1") -> UserError:
    with pytest.raises(UserError) as caught:
        push(image_id, place.stack, tag)
    return caught.value


def test_only_new_layers_are_sent(
    engine: Any, place: Place, image: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    base, before = some(), local_names(engine, place)
    one = image(base, b"first code")
    names = local_names(engine, place)
    assert repository.find(place.stack, "v1") is None
    sent = push(one, place.stack, "v1")
    assert sent.digest == repository.find(place.stack, "v1")
    assert (sent.new_layers, sent.reused_layers) == (2, 0)
    assert sent.bytes is not None
    assert SIZE < sent.bytes < SIZE + 10_000
    again = push(one, place.stack, "v1")  # the same image may be pushed again to an immutable tag
    assert (again.digest, again.new_layers, again.reused_layers, again.bytes) == (sent.digest, 0, 2, 0)
    changed = push(image(base, b"second code"), place.stack, "v2")
    assert (changed.new_layers, changed.reused_layers) == (1, 1)
    assert changed.bytes is not None
    assert changed.bytes < 1000
    assert f"1 new layer ({changed.bytes} B sent), 1 there already" in changed.summary()
    assert names - before == {f"{NAME}:0"}
    assert local_names(engine, place) - before == {f"{NAME}:0", f"{NAME}:1"}
    assert not any(token in capsys.readouterr().out for _, token in place.tokens._given)


def test_the_label_is_read_through_ecr(place: Place, image: Callable[..., str]) -> None:
    """`make train IMAGE=` reads the hyperparameters that an image accepts from its label."""
    spec, notes = jobfile.read_job("digits"), list[str]()
    for tag, label in (("v1", LABEL), ("v2", "no JSON"), ("v3", '{"of": "another"}')):
        push(image(b"x", label=label), place.stack, tag)
    uris = [f"{place.stack.repository_url}:v{number}" for number in (1, 2, 3)]
    assert training.describe_image(uris[0], spec, place.stack, notes.append) == TrainerDescription((EPOCHS,), ())
    assert notes == []
    for uri in uris[1:]:
        assert training.describe_image(uri, spec, place.stack, notes.append) is None
        assert notes.pop() == (
            f"Not checked: the hyperparameters against {uri}, which has no label trainyard.describe."
        )


def test_a_pushed_image_is_pulled_by_its_digest(engine: Any, place: Place, image: Callable[..., str]) -> None:
    one = image(b"x", some())
    sent = push(one, place.stack, "v1")
    uri = f"{place.stack.repository_url}@{sent.digest}"
    assert not shell.is_local(engine, uri)
    shell.pull_image(engine, uri)
    assert engine.images.get(uri).id == one
    shell.pull_image(engine, uri)  # the image is local already
    engine.images.remove(uri)
    with pytest.raises(UserError) as caught:
        shell.pull_image(engine, uri.replace(sent.digest[-8:], "0" * 8))
    assert "cannot be pulled: " in caught.value.problem


@pytest.mark.parametrize("cuts", [[SIZE // 2], [0, 0, 0]], ids=["in a layer", "at the beginning, three times"])
def test_a_push_continues_after_broken_connections(place: Place, image: Callable[..., str], cuts: list[int]) -> None:
    place.wire.cuts = list(cuts)
    sent = push(image(some(), some()), place.stack, "v1")
    assert place.wire.cuts == []
    assert sent.digest == repository.find(place.stack, "v1")
    assert (sent.new_layers, sent.reused_layers) == (2, 0)


def test_a_connection_that_always_breaks_is_an_error(
    place: Place, image: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.container.push.PAUSE", 0.01)
    place.wire.cuts = [0] * 1000
    error = push_error_of(image(b"x"), place)
    assert "failed: " in error.problem
    assert "Run `make image` again" in error.fix


@pytest.mark.parametrize("place", [lambda: ShortLivedTokens(20)], indirect=True)
def test_a_push_continues_after_its_token_expired(
    place: Place, image: Callable[..., str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts, attempt = list[Layers](), push_module._attempt

    def watched(*arguments: Any) -> Layers:
        attempts.append(attempt(*arguments))
        return attempts[-1]

    monkeypatch.setattr(push_module, "_attempt", watched)
    sent = push(image(*(some() for _ in range(6))), place.stack, "v1")
    # Layers that arrived just before the token expired are there already when the push continues.
    assert sent.new_layers + sent.reused_layers == 6
    before = set().union(*(one.sent for one in attempts[:-1]))
    assert sent.new_layers >= len(before), "what the first attempts sent counts"
    assert sent.digest == repository.find(place.stack, "v1")
    assert "continuing with a new one" in capsys.readouterr().out
    assert len(place.tokens._given) > 1


@pytest.mark.parametrize("place", [lambda: Tokens(timedelta(0))], indirect=True)
def test_a_token_that_is_always_refused_is_an_error(place: Place, image: Callable[..., str]) -> None:
    error = push_error_of(image(b"x"), place)
    assert "does not accept the tokens that ECR issues for it" in error.problem
    assert "expired" in error.problem
    assert len(place.tokens._given) == 2


def test_if_somebody_else_has_pushed_the_tag_their_image_is_used(
    place: Place, image: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    other = push(image(b"theirs"), place.stack, "v1")
    ours = push(image(b"ours"), place.stack, "v1")
    assert ours.digest == other.digest
    assert "Somebody else has just pushed v1: their image is used." in capsys.readouterr().out


def test_a_push_whose_name_another_command_removed_is_no_error(
    engine: Any, place: Place, image: Callable[..., str]
) -> None:
    """Two commands may push one tag at the same time: the first that ends removes the image's name there."""
    one = image(b"x")
    with push_module._tagged(engine, one, place.stack.repository_url, "v1"):
        engine.api.remove_image(f"{place.stack.repository_url}:v1", noprune=True)
    assert push(one, place.stack, "v1").new_layers == 1


def test_a_missing_repository_is_an_error(engine: Any, place: Place, image: Callable[..., str]) -> None:
    url = place.stack.repository_url
    nowhere = place.stack.model_copy(update={"repository_url": f"{url}-2", "repository_name": "trainyard-local-2"})
    one = image(b"x")
    names = local_names(engine, place)
    for look in (lambda: push(one, nowhere, "v1"), lambda: repository.find(nowhere, "v1")):
        with pytest.raises(UserError) as caught:
            look()
        assert caught.value.problem.startswith("The repository trainyard-local-2 does not exist in account 123456789")
        assert "`make infra`" in caught.value.fix
    assert local_names(engine, place) == names
