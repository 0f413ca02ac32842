"""Errors for Docker's messages, and git remotes without credentials. The messages are those of an engine and of AWS."""

import pytest

from scripts.container.build import without_credentials
from scripts.container.engine import explain
from scripts.container.pull import pull_error

AWS = "763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-training:2.21.0-cpu-py312-amzn2023-sagemaker"
PUBLIC = "public.ecr.aws/deep-learning-containers/tensorflow-training@sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("name", "message", "problem", "fix"),
    [
        (AWS, 'Get "https://763…/v2/": dial tcp: lookup 763…: no such host', "cannot be reached", "Check the network"),
        (AWS, "net/http: request canceled (Client.Timeout exceeded while awaiting headers)", "be reached", "network"),
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
        ("arm:1", "no matching manifest for linux/amd64 in the manifest list entries", "linux/amd64", "Name an image"),
        ("mine:1", "something else", "cannot be pulled: something else", "BASE=NAME"),
    ],
)
def test_the_error_of_a_failed_pull_says_what_to_do(name: str, message: str, problem: str, fix: str) -> None:
    error = pull_error(name, message)
    assert problem in error.problem
    assert message in error.problem
    assert fix in error.fix


def test_the_error_of_a_machine_without_emulation_names_the_platform() -> None:
    error = explain("exec /opt/venv/bin/pip: exec format error")
    assert error
    assert "linux/amd64" in error.problem
    assert explain("no idea") is None


@pytest.mark.parametrize(
    ("remote", "cleaned"),
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
def test_credentials_are_removed_from_a_remote(remote: str, cleaned: str | None) -> None:
    assert without_credentials(remote) == cleaned
