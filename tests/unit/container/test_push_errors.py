"""Errors of a push, from messages of Docker, ECR and the reference registry."""

import pytest

from scripts.container.push import PushResult, push_error
from scripts.container.push_errors import PushError, classify, compressed_sizes
from tests.unit.aws_server import STACK

ECR = "https://123456789012.dkr.ecr.us-east-1.amazonaws.com/v2/x"
NOT_AUTHORIZED = (
    "denied: User: arn:aws:iam::123456789012:user/ada is not authorized to perform: ecr:InitiateLayerUpload on "
    "resource: arn:aws:ecr:us-east-1:123456789012:repository/x because no identity-based policy allows the "
    "ecr:InitiateLayerUpload action"
)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("no basic auth credentials", PushError.BAD_TOKEN),
        ("unauthorized: authentication required", PushError.BAD_TOKEN),
        ("denied: Your authorization token has expired. Reauthenticate and try again.", PushError.BAD_TOKEN),
        (f"unexpected status from HEAD request to {ECR}: 401 Unauthorized", PushError.BAD_TOKEN),
        (
            "tag invalid: The image tag 'v1' already exists in the 'x' repository and cannot be overwritten because "
            "the tag is immutable.",
            PushError.TAG_EXISTS,
        ),
        (
            "name unknown: The repository with name 'x' does not exist in the registry with id '123456789012'",
            PushError.NO_REPOSITORY,
        ),
        (NOT_AUTHORIZED, PushError.DENIED),
        ("denied: requested access to the resource is denied", PushError.DENIED),
        (f"unexpected status from POST request to {ECR}: 403 Forbidden", PushError.DENIED),
        (f'Put "{ECR}/blobs/uploads/1": EOF', PushError.DISCONNECTED),
        ("unexpected EOF", PushError.DISCONNECTED),
        ("write tcp 10.0.0.1:5000->10.0.0.2:443: write: broken pipe", PushError.DISCONNECTED),
        ("read tcp 10.0.0.1:5000: read: connection reset by peer", PushError.DISCONNECTED),
        ("write tcp 10.0.0.1:5000: use of closed network connection", PushError.DISCONNECTED),
        (f'Get "{ECR}": net/http: TLS handshake timeout', PushError.DISCONNECTED),
        (f'Get "{ECR}": context deadline exceeded', PushError.DISCONNECTED),
        ("dial tcp: lookup x on 10.0.0.1:53: no such host", PushError.DISCONNECTED),
        ("toomanyrequests: Rate exceeded", PushError.DISCONNECTED),
        ("received unexpected HTTP status: 503 Service Unavailable", PushError.DISCONNECTED),
        ("write /var/lib/docker/tmp/x: no space left on device", PushError.OTHER),
        (f"failed commit on ref: unexpected status from PUT request to {ECR}: 400 Bad Request", PushError.OTHER),
    ],
)
def test_messages_are_classified(message: str, expected: PushError) -> None:
    assert classify(message) is expected


def test_the_error_about_a_missing_right_names_the_needed_rights() -> None:
    error = push_error(PushError.DENIED, NOT_AUTHORIZED, STACK)
    assert "in account 123456789012, us-east-1 (ecr:InitiateLayerUpload): denied: User: " in error.problem
    for action in ("GetAuthorizationToken", "BatchCheckLayerAvailability", "UploadLayerPart", "PutImage"):
        assert f"ecr:{action}" in error.fix
    assert STACK.repository_arn in error.fix


def test_the_error_about_a_full_disk_names_the_engine_s_disk() -> None:
    error = push_error(PushError.OTHER, "write /var/lib/docker/tmp/x: no space left on device", STACK)
    assert "no space left on the Docker engine's disk" in error.problem


def test_the_size_of_a_layer_is_found_by_both_of_its_ids() -> None:
    manifest = {"layers": [{"digest": "sha256:" + "a" * 64, "size": 10}, {"digest": "sha256:" + "b" * 64, "size": 20}]}
    sizes = compressed_sizes(manifest, ["sha256:" + "1" * 64, "sha256:" + "2" * 64])
    assert sizes == {"1" * 12: 10, "a" * 12: 10, "2" * 12: 20, "b" * 12: 20}


def test_the_summary_is_one_line() -> None:
    assert PushResult("sha256:0", 1, 14, 12_345, 3.21).summary() == (
        "1 new layer (12.3 kB sent), 14 there already, in 3.2 s: sha256:0"
    )
    assert PushResult("sha256:0", 2, 0, None, 65).summary() == "2 new layers, 0 there already, in 1 min 5 s: sha256:0"
