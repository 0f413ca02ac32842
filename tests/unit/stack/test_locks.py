"""A lock on the state: whose it is, and the command that removes it."""

from pathlib import Path

import pytest

from scripts.core.errors import UserError
from scripts.stack import locks
from scripts.stack.locks import Lock

OURS, THEIRS = "21e93fd1-82d3-687b-f824-9fbb5094130b", "3c5a1d1e-0b7e-4a57-8a0b-8c6b5f6a2f11"
LOCK = Lock(OURS, "ada@laptop", "2026-08-20T10:11:12.123456Z", "OperationTypeApply")
LINE = (
    "2026-11-29T07:31:43.843Z [INFO]  backend-s3: Attempting to lock remote state (S3 Native only)...: "
    f'tf_backend.lock.id={OURS} tf_backend.lock.info="" tf_backend.lock.operation=OperationTypeApply\n'
)


@pytest.mark.parametrize(
    ("own", "host", "is_running", "is_abandoned"),
    [
        ({OURS}, "laptop", False, True),
        ({OURS}, "laptop", True, False),
        ({THEIRS}, "laptop", False, False),
        (set(), "laptop", False, False),
        ({OURS}, "container", False, False),
    ],
    ids=["ours", "still running", "another folder's", "no journal", "another machine's"],
)
def test_only_our_own_lock_that_nobody_uses_is_abandoned(
    own: set[str], host: str, is_running: bool, is_abandoned: bool
) -> None:
    assert locks.is_abandoned(LOCK, own, host, is_running) is is_abandoned


def test_the_journal_is_the_log_of_terraform(tmp_path: Path) -> None:
    variables = locks.journal_variables(tmp_path, {"HOME": "/"})
    journal = Path(variables["TF_LOG_PATH"] or "")
    assert locks.own_identities(tmp_path) == frozenset()
    journal.write_text(f"2026-11-29 [INFO]  Terraform version: 1.11.4\n{LINE}", encoding="utf-8")
    assert locks.own_identities(tmp_path) == {OURS}
    locks.forget(tmp_path)
    locks.forget(tmp_path)
    assert not journal.exists()


@pytest.mark.parametrize("name", ["TF_LOG", "TF_LOG_CORE", "TF_LOG_PATH"])
def test_your_own_log_of_terraform_stays(tmp_path: Path, name: str) -> None:
    assert locks.journal_variables(tmp_path, {name: "trace"}) == {}


@pytest.mark.parametrize(
    ("cloud", "command"),
    [("local", "make unlock CLOUD=local ENV=local LOCK="), ("aws", "make unlock ENV=local LOCK=")],
)
def test_the_printed_command_is_for_the_same_cloud(cloud: str, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUD_TEXT", cloud)
    refusal = locks.refusal(LOCK, "local")
    assert refusal.problem == (
        "The state of `local` is locked: ada@laptop has held the lock since 2026-08-20 10:11:12 UTC (apply)."
    )
    assert refusal.fix.endswith(f"remove the lock: `{command}{OURS}`.")


def test_only_the_named_lock_is_removed() -> None:
    locks.check_unlockable(LOCK, OURS, "dev")
    with pytest.raises(UserError, match="is not locked"):
        locks.check_unlockable(None, OURS, "dev")
    with pytest.raises(UserError, match=f"LOCK={THEIRS} is not the lock"):
        locks.check_unlockable(LOCK, THEIRS, "dev")
