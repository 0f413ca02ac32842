"""Requests that the registry's front refuses without the registry."""

import base64
import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import urllib3
from moto.ecr.models import ecr_backends
from werkzeug.test import Client, TestResponse

from scripts.localcloud.environment import ACCOUNT
from scripts.localcloud.registry import Registry
from scripts.localcloud.registry.front import Front
from scripts.localcloud.registry.program import RegistryStartError
from scripts.localcloud.registry.storage import Storage
from scripts.localcloud.registry.tokens import Tokens, TokenStatus

NAME = "fronted/trainer"


@pytest.fixture
def repository() -> Iterator[Any]:
    """An ECR repository with immutable tags."""
    backend = ecr_backends[ACCOUNT]["eu-west-1"]
    yield backend.create_repository(NAME, None, {}, None, "IMMUTABLE", [])
    backend.delete_repository(NAME)


def fail_to_start() -> urllib3.HTTPConnectionPool:
    raise RegistryStartError("no registry here")


class Caller:
    """Sends requests to a front, with a valid token."""

    def __init__(self, folder: Path, tokens: Tokens) -> None:
        self.tokens = tokens
        self.client = Client(Front(fail_to_start, Storage(folder), tokens))
        self.password = tokens.new("AWS")[0]

    def ask(self, method: str, path: str, body: bytes = b"", **more: Any) -> TestResponse:
        return self.client.open(path, method=method, data=body, auth=("AWS", self.password), **more)


@pytest.fixture
def caller(tmp_path: Path) -> Caller:
    return Caller(tmp_path, Tokens())


def refusal(response: TestResponse) -> tuple[int, str, str]:
    (error,) = (response.get_json() or {})["errors"]
    return response.status_code, error["code"], error["message"]


def test_a_token_is_valid_for_its_subject_until_it_expires() -> None:
    tokens, old = Tokens(), Tokens(timedelta(0))
    token = tokens.new("AWS")[0]
    assert tokens.status("AWS", token) is TokenStatus.VALID
    assert tokens.status("AWS", tokens.new("AWS")[0]) is TokenStatus.VALID
    assert tokens.status("AWS", "") is TokenStatus.UNKNOWN
    assert tokens.status("AWS", token + "x") is TokenStatus.UNKNOWN
    assert tokens.status("/v2/a/blobs/x", token) is TokenStatus.UNKNOWN
    assert old.status("AWS", old.new("AWS")[0]) is TokenStatus.EXPIRED


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Basic",
        "Basic %%%",
        "Basic " + base64.b64encode(b"\xff\xfe").decode(),
        "Basic " + base64.b64encode(b"AWS:wrong").decode(),
        "Bearer TOKEN",
        "Basic OTHER",
    ],
)
def test_a_request_without_a_valid_token_is_refused(caller: Caller, authorization: str | None) -> None:
    other = base64.b64encode(f"root:{caller.password}".encode()).decode()
    right = base64.b64encode(f"AWS:{caller.password}".encode()).decode()
    sent = (authorization or "").replace("OTHER", other).replace("TOKEN", right)
    headers = {} if authorization is None else {"Authorization": sent}
    for path in ("/v2/", f"/v2/{NAME}/manifests/v1"):
        response = caller.client.get(path, headers=headers)
        assert refusal(response) == (401, "UNAUTHORIZED", "Not Authorized"), path
        assert response.headers["WWW-Authenticate"] == 'Basic realm="AWS"'


def test_an_expired_token_is_reported_as_expired(tmp_path: Path) -> None:
    response = Caller(tmp_path, Tokens(timedelta(0))).ask("GET", "/v2/")
    message = "Your authorization token has expired. Reauthenticate and try again."
    assert refusal(response) == (401, "DENIED", message)
    assert response.headers["WWW-Authenticate"]


def test_a_valid_token_logs_in(caller: Caller) -> None:
    response = caller.ask("GET", "/v2/")
    assert (response.status_code, response.headers["Docker-Distribution-Api-Version"]) == (200, "registry/2.0")


@pytest.mark.parametrize("name", ["nothing", f"{NAME}/more", "fronted"])
def test_an_unknown_repository_is_refused(caller: Caller, repository: Any, name: str) -> None:
    message = f"The repository with name '{name}' does not exist in the registry with id '{ACCOUNT}'"
    assert refusal(caller.ask("POST", f"/v2/{name}/blobs/uploads/")) == (404, "NAME_UNKNOWN", message)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/_catalog", 404),
        ("GET", "/v2/x/y/z", 404),
        ("GET", f"/v2/{NAME}/manifests/%2e%2e", 404),
        ("GET", f"/v2/{NAME}/manifests/v1%3Fn=1", 404),
        ("DELETE", f"/v2/{NAME}/manifests/v1", 405),
        ("DELETE", f"/v2/{NAME}/blobs/uploads/1", 405),
    ],
)
def test_paths_and_methods_that_ecr_lacks_are_refused(
    caller: Caller, repository: Any, method: str, path: str, status: int
) -> None:
    assert refusal(caller.ask(method, path))[:2] == (status, "UNSUPPORTED")


def tag(folder: Path, digest: str) -> None:
    current = folder / "docker/registry/v2/repositories" / NAME / "_manifests/tags/v1/current"
    current.mkdir(parents=True)
    (current / "link").write_text(digest)


def test_an_immutable_tag_cannot_be_moved(caller: Caller, repository: Any, tmp_path: Path) -> None:
    tag(tmp_path, "sha256:" + hashlib.sha256(b"first").hexdigest())
    code, name, message = refusal(caller.ask("PUT", f"/v2/{NAME}/manifests/v1", b"second"))
    assert (code, name) == (400, "TAG_INVALID")
    assert message == (
        f"The image tag 'v1' already exists in the '{NAME}' repository and cannot be overwritten because the tag is "
        "immutable."
    )


@pytest.mark.parametrize(("reference", "body"), [("v1", b"first"), ("v2", b"second"), ("sha256:2", b"second")])
def test_the_same_image_or_another_tag_is_forwarded_to_the_registry(
    caller: Caller, repository: Any, tmp_path: Path, reference: str, body: bytes
) -> None:
    tag(tmp_path, "sha256:" + hashlib.sha256(b"first").hexdigest())
    answer = caller.ask("PUT", f"/v2/{NAME}/manifests/{reference}", body)
    assert refusal(answer) == (403, "DENIED", "no registry here")


def test_a_mutable_tag_can_be_moved(caller: Caller, repository: Any, tmp_path: Path) -> None:
    repository.image_tag_mutability = "MUTABLE"
    tag(tmp_path, "sha256:" + hashlib.sha256(b"first").hexdigest())
    assert refusal(caller.ask("PUT", f"/v2/{NAME}/manifests/v1", b"second"))[2] == "no registry here"


def test_a_manifest_that_is_too_large_is_refused(caller: Caller, repository: Any) -> None:
    assert refusal(caller.ask("PUT", f"/v2/{NAME}/manifests/v1", b"x" * (5 << 20)))[:2] == (400, "MANIFEST_INVALID")


def test_a_download_url_is_valid_for_its_layer_only(caller: Caller, repository: Any) -> None:
    path = f"/v2/{NAME}/blobs/sha256:1"
    query = {"token": caller.tokens.new(path)[0]}
    assert refusal(caller.client.get(path, query_string=query))[2] == "no registry here"
    assert refusal(caller.client.get(f"/v2/{NAME}/blobs/sha256:2", query_string=query))[0] == 401
    assert refusal(caller.client.put(path, query_string=query))[0] == 401
    assert refusal(caller.client.get(path, query_string={"token": caller.password}))[0] == 401


def test_an_image_is_found_by_each_of_its_names(repository: Any, tmp_path: Path) -> None:
    registry = Registry(tmp_path, "localhost:1")
    digest = "sha256:" + hashlib.sha256(b"{}").hexdigest()
    tag(tmp_path, digest)
    base = tmp_path / "docker/registry/v2"
    for place, content in (
        (base / "repositories" / NAME / "_manifests/revisions/sha256" / digest[7:] / "link", digest),
        (base / "blobs/sha256" / digest[7:9] / digest[7:] / "data", "{}"),
    ):
        place.parent.mkdir(parents=True)
        place.write_text(content)
    ecr = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com"
    for uri in (
        f"localhost:1/{NAME}:v1",
        f"localhost:1/{NAME}@{digest}",
        f"{ecr}/{NAME}:v1",
        f"{ecr}/{NAME}:gone@{digest}",
    ):
        assert registry.find(uri) == f"localhost:1/{NAME}@{digest}", uri
    for uri in (NAME, f"localhost:2/{NAME}:v1", f"localhost:1/{NAME}:v2", f"localhost:1/{NAME}", "localhost:1/no:v1"):
        assert registry.find(uri) is None, uri
