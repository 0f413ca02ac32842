"""What Docker's messages come to, and what is told of a remote. The messages are an engine's and AWS's own."""

import pytest

from scripts.container.build import without_credentials
from scripts.container.engine import explain
from scripts.container.pull import cannot_pull

AWS = "763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-training:2.21.0-cpu-py312-amzn2023-sagemaker"
PUBLIC = "public.ecr.aws/deep-learning-containers/tensorflow-training@sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("name", "message", "problem", "fix"),
    [
        (AWS, 'Get "https://763…/v2/": dial tcp: lookup 763…: no such host', "is not reached", "Check the network"),
        (AWS, "net/http: request canceled (Client.Timeout exceeded while awaiting headers)", "not reached", "network"),
        (PUBLIC, "manifest for public.ecr.aws/… not found: manifest unknown: …", "There is no", "UPDATE=1"),
        ("mine:1", "manifest for mine:1 not found: manifest unknown: manifest unknown", "There is no", "Correct"),
        (
            AWS,
            "pull access denied for 763…, repository does not exist or may require 'docker login': denied: User: arn:… "
            "is not authorized to perform: ecr:BatchGetImage",
            "You may not pull",
            "ecr:BatchGetImage",
        ),
        (
            "mine:1",
            "pull access denied for mine, repository does not exist or may require 'docker login': denied: requested "
            "access to the resource is denied",
            "You may not pull",
            "docker login",
        ),
        (AWS, "failed to register layer: write /opt/x: no space left on device", "no space left", "docker system df"),
        ("arm:1", "no matching manifest for linux/amd64 in the manifest list entries", "linux/amd64", "Name one"),
        ("mine:1", "something else", "cannot be pulled: something else", "BASE=NAME"),
    ],
)
def test_a_pull_that_failed(name: str, message: str, problem: str, fix: str) -> None:
    told = cannot_pull(name, message)
    assert problem in told.problem
    assert message in told.problem
    assert fix in told.fix


def test_another_architecture_and_nothing_to_emulate_it() -> None:
    told = explain("exec /opt/venv/bin/pip: exec format error")
    assert told
    assert "linux/amd64" in told.problem
    assert explain("no idea") is None


@pytest.mark.parametrize(
    ("remote", "told"),
    [
        ("https://github.com/ada/yard.git", "https://github.com/ada/yard.git"),
        ("https://ada:secret@github.com/ada/yard.git", "https://github.com/ada/yard.git"),
        ("https://token@host.example:8443/yard?private_token=secret", "https://host.example:8443/yard"),
        ("ssh://git:secret@host.example/yard.git", "ssh://host.example/yard.git"),
        ("git@github.com:ada/yard.git", "git@github.com:ada/yard.git"),
        ("/home/ada/yard", None),
        ("../yard", None),
        ("file:///home/ada/yard", None),
    ],
)
def test_a_remote_is_told_without_credentials(remote: str, told: str | None) -> None:
    assert without_credentials(remote) == told
