"""Waiting through outages, on a virtual clock."""

from pathlib import Path
from typing import Any

import botocore.exceptions as known
import pytest
from botocore.exceptions import ClientError

from scripts.core import aws
from scripts.core.outages import Cause
from scripts.core.patience import Outage, Patience, after_failure, waiting_line
from tests.unit.faulty_aws import NOW, Clock

LOST = known.EndpointConnectionError(endpoint_url="https://x")
EXPIRED = ClientError({"Error": {"Code": "ExpiredTokenException", "Message": "expired"}}, "DescribeTrainingJob")
THROTTLED = ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, "DescribeTrainingJob")
DENIED = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "DescribeTrainingJob")


@pytest.fixture(autouse=True)
def _profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials in a file, as `aws sso login` or `aws configure` leaves them."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    write_keys(tmp_path, "old")
    aws.session.cache_clear()


def write_keys(folder: Path, key: str) -> None:
    (folder / "credentials").write_text(f"[default]\naws_access_key_id = {key}\naws_secret_access_key = x\n")


def played(*results: Any) -> tuple[list[str], Clock]:
    """The lines and the clock of a call that gives these results, one after another; an exception is raised."""
    clock, output, left = Clock(), list[str](), list(results)

    def ask() -> str:
        result = left.pop(0)
        if isinstance(result, Exception):
            raise result
        return str(result)

    patience = Patience("The job goes on.", output.append, str, clock.now, clock.sleep)
    assert patience.call(ask) == "answer"
    return output, clock


def test_an_outage_of_many_minutes_prints_one_line() -> None:
    output, clock = played(*[LOST] * 60, "answer")
    assert clock.time - NOW > 13 * 60
    assert [line.split(" since")[0] for line in output] == ["Waiting", output[1]]
    assert output[0].endswith("for the network. The job goes on.")
    assert output[1].startswith("AWS answers again, at ")


def test_a_short_outage_prints_nothing() -> None:
    output, clock = played(LOST, LOST, "answer")
    assert output == []
    assert clock.time - NOW == 3


def test_pauses_grow() -> None:
    outage, pauses = None, []
    for _ in range(6):
        outage = after_failure(outage, Cause.THROTTLED, NOW)
        pauses.append(outage.pause)
    assert pauses == [1, 2, 4, 8, 15, 15]


def test_another_cause_is_another_line() -> None:
    output, _ = played(*[LOST] * 6, *[THROTTLED] * 3, *[LOST] * 3, EXPIRED, EXPIRED, "answer")
    causes = ["the network", "AWS, which throttles", "the network", "new credentials", "answers again"]
    assert len(output) == len(causes)
    assert all(cause in line for cause, line in zip(causes, output, strict=True)), output


def test_a_line_names_what_to_do_about_credentials() -> None:
    line = waiting_line(Outage(NOW, Cause.CREDENTIALS), "The job goes on.")
    assert "sign in again in another terminal, for example `aws sso login`. The job goes on." in line


def test_renewed_credentials_are_read(tmp_path: Path) -> None:
    clock, keys = Clock(), list[str]()

    def ask() -> str:
        keys.append(patience.client("sts")._request_signer._credentials.access_key)
        if len(keys) == 3:
            write_keys(tmp_path, "new")
        if keys[-1] != "new":
            raise EXPIRED
        return "answer"

    patience = Patience("", lambda _: None, aws.client_of_one_attempt, clock.now, clock.sleep)
    assert patience.call(ask) == "answer"
    assert keys == ["old", "old", "old", "new"]


@pytest.mark.parametrize("error", [DENIED, KeyError("x"), OSError(28, "No space left on device")], ids=repr)
def test_other_errors_are_raised(error: Exception) -> None:
    with pytest.raises(type(error)):
        played(error)


def test_credentials_of_the_environment_cannot_be_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    aws.session.cache_clear()
    with pytest.raises(ClientError):
        played(EXPIRED)
