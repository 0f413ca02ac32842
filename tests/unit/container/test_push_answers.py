"""What a push's refusals mean, in the words of Docker, ECR and the reference registry."""

import pytest

from scripts.container.answers import Meaning, compressed, meaning
from scripts.container.push import Sent, refusal
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
        ("no basic auth credentials", Meaning.TOKEN),
        ("unauthorized: authentication required", Meaning.TOKEN),
        ("denied: Your authorization token has expired. Reauthenticate and try again.", Meaning.TOKEN),
        (f"unexpected status from HEAD request to {ECR}: 401 Unauthorized", Meaning.TOKEN),
        (
            "tag invalid: The image tag 'v1' already exists in the 'x' repository and cannot be overwritten because "
            "the tag is immutable.",
            Meaning.TAKEN,
        ),
        (
            "name unknown: The repository with name 'x' does not exist in the registry with id '123456789012'",
            Meaning.NO_REPOSITORY,
        ),
        (NOT_AUTHORIZED, Meaning.DENIED),
        ("denied: requested access to the resource is denied", Meaning.DENIED),
        (f"unexpected status from POST request to {ECR}: 403 Forbidden", Meaning.DENIED),
        (f'Put "{ECR}/blobs/uploads/1": EOF', Meaning.CUT),
        ("unexpected EOF", Meaning.CUT),
        ("write tcp 10.0.0.1:5000->10.0.0.2:443: write: broken pipe", Meaning.CUT),
        ("read tcp 10.0.0.1:5000: read: connection reset by peer", Meaning.CUT),
        ("write tcp 10.0.0.1:5000: use of closed network connection", Meaning.CUT),
        (f'Get "{ECR}": net/http: TLS handshake timeout', Meaning.CUT),
        (f'Get "{ECR}": context deadline exceeded', Meaning.CUT),
        ("dial tcp: lookup x on 10.0.0.1:53: no such host", Meaning.CUT),
        ("toomanyrequests: Rate exceeded", Meaning.CUT),
        ("received unexpected HTTP status: 503 Service Unavailable", Meaning.CUT),
        ("write /var/lib/docker/tmp/x: no space left on device", Meaning.OTHER),
        (f"failed commit on ref: unexpected status from PUT request to {ECR}: 400 Bad Request", Meaning.OTHER),
    ],
)
def test_meaning(message: str, expected: Meaning) -> None:
    assert meaning(message) is expected


def test_no_right_to_push_names_what_it_takes() -> None:
    error = refusal(Meaning.DENIED, NOT_AUTHORIZED, STACK)
    assert "in account 123456789012, us-east-1 (ecr:InitiateLayerUpload): denied: User: " in error.problem
    for action in ("GetAuthorizationToken", "BatchCheckLayerAvailability", "UploadLayerPart", "PutImage"):
        assert f"ecr:{action}" in error.fix
    assert STACK.repository_arn in error.fix


def test_no_space_is_the_engine_s() -> None:
    error = refusal(Meaning.OTHER, "write /var/lib/docker/tmp/x: no space left on device", STACK)
    assert "no space left on the Docker engine's disk" in error.problem


def test_layers_are_known_by_either_name() -> None:
    manifest = {"layers": [{"digest": "sha256:" + "a" * 64, "size": 10}, {"digest": "sha256:" + "b" * 64, "size": 20}]}
    sizes = compressed(manifest, ["sha256:" + "1" * 64, "sha256:" + "2" * 64])
    assert sizes == {"1" * 12: 10, "a" * 12: 10, "2" * 12: 20, "b" * 12: 20}


def test_summary() -> None:
    assert Sent("sha256:0", 1, 14, 12_345, 3.21).summary() == (
        "1 new layer (12.3 kB sent), 14 there already, in 3.2 s: sha256:0"
    )
    assert Sent("sha256:0", 2, 0, None, 65).summary() == "2 new layers, 0 there already, in 1 min 5 s: sha256:0"
