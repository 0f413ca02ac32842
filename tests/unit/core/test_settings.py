"""What a person's AWS settings cause is two lines with botocore's own sentence, whichever setting it is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.core import aws, refusals
from scripts.core.errors import UserError

KEYS = "[default]\naws_access_key_id = a\naws_secret_access_key = b\n"
Settings = dict[str, str]


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No settings but those of the test, and no way to AWS."""
    import os

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    aws.session.cache_clear()
    yield
    aws.session.cache_clear()


def call() -> UserError:
    """Call AWS; gives the error that a verb would print."""
    with pytest.raises(UserError) as caught, refusals.explained():
        aws.account_id()
    return caught.value


PROCESS = "[default]\ncredential_process = {}\n"
WRONG_SETTINGS = [
    ("a source_profile that is missing", "[default]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = gone\n", {},
     'The source_profile "gone" referenced in'),
    ("a credential_process that fails", PROCESS.format("""sh -c "echo no token >&2; exit 3" """), {}, "no token"),
    ("a credential_process without JSON", PROCESS.format("echo hello"), {}, "custom-process: Expecting value: line 1"),
    ("a credential_process that is not there", PROCESS.format("/nowhere/tool"), {}, "/nowhere/tool"),
    ("a web identity file that is gone", "", {"AWS_ROLE_ARN": "arn:aws:iam::1:role/x",
     "AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere/token"}, "No such file or directory: '/nowhere/token'"),
    ("a config file that cannot be parsed", "[default\nregion", {}, "Unable to parse config file"),
    ("a key without its secret", "", {"AWS_ACCESS_KEY_ID": "a"}, "AWS_SECRET_ACCESS_KEY"),
    ("an endpoint without a scheme", KEYS, {"AWS_ENDPOINT_URL": "127.0.0.1:9"}, "Invalid endpoint: 127.0.0.1:9"),
    ("no number of attempts", KEYS, {"AWS_MAX_ATTEMPTS": "abc"}, "AWS_MAX_ATTEMPTS=abc"),
    ("an unknown defaults mode", KEYS, {"AWS_DEFAULTS_MODE": "quick"}, "quick"),
    ("an unknown checksum mode", KEYS, {"AWS_REQUEST_CHECKSUM_CALCULATION": "never"}, "never"),
    ("an unknown setting of STS", KEYS, {"AWS_STS_REGIONAL_ENDPOINTS": "here"}, "here"),
    ("a credentials file that is a folder", "", {"AWS_SHARED_CREDENTIALS_FILE": "/tmp"}, "No AWS credentials"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("config", "variables", "sentence"),
    [one[1:] for one in WRONG_SETTINGS],
    ids=[one[0] for one in WRONG_SETTINGS],
)
def test_a_wrong_setting_is_two_lines(
    config: str, variables: Settings, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text(config)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    error = call()
    assert sentence in error.problem
    assert "\n" not in error.problem
    assert error.fix


def test_an_ended_session_of_aws_login_asks_to_sign_in(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[default]\nlogin_session = arn:aws:iam::123456789012:user/ada\n")
    error = call()
    assert "have expired" in error.problem
    assert "Sign in again" in error.fix
