"""One chain of credentials: what boto3 has is what a process that we start gets, and a code is asked for once."""

import getpass
import io
from pathlib import Path

import pytest

from scripts.core import aws
from scripts.core.errors import UserError

CONFIG = """
[profile base]
aws_access_key_id = testing
aws_secret_access_key = testing

[profile mfa]
role_arn = arn:aws:iam::123456789012:role/admin
source_profile = base
mfa_serial = arn:aws:iam::123456789012:mfa/ada
"""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def _mfa(empty_aws: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile whose session takes the code of an MFA device."""
    (tmp_path / "config").write_text(CONFIG, encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "mfa")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    aws.session.cache_clear()


def test_keys_of_the_environment_are_handed_on(empty_aws: None) -> None:
    assert aws.credential_variables() == {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_SESSION_TOKEN": None,
    }


@pytest.mark.usefixtures("_mfa")
def test_a_code_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("sys.stdin", Terminal())

    def code(prompt: str) -> str:
        asked.append(prompt)
        return "123456"

    monkeypatch.setattr(getpass, "getpass", code)
    account = aws.account_id()
    first, second = aws.credential_variables(), aws.credential_variables()
    assert len(asked) == 1
    assert account == "123456789012"
    assert first == second
    assert first["AWS_SESSION_TOKEN"]


@pytest.mark.usefixtures("_mfa")
def test_without_a_terminal_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("123456\n"))
    with pytest.raises(UserError, match="The profile `mfa` needs a code") as caught:
        aws.account_id()
    assert "--profile mfa" in caught.value.fix
