"""Jobs that try to make the local cloud read files of the person who runs it, or wait for ever."""

import io
import tarfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from scripts.localcloud.sagemaker.checkpoints import Mirror
from scripts.localcloud.sagemaker.program_files import ProgramFolder
from tests.unit.localcloud.processes import swapping

pytestmark = pytest.mark.e2e

ATTACK = """
for place in ("checkpoints", "model", "output/data"):
    folder = base / place
    (folder / "deep/er").mkdir(parents=True)
    (folder / "deep/er/kept").write_text("kept")
    (folder / "file").symlink_to("SECRET/file")
    (folder / "deep/er/folder").symlink_to("SECRET")
    (folder / "inside").symlink_to("deep/er/kept")
    os.mkfifo(folder / "fifo")
(base / "output/failure").symlink_to("SECRET/file")
sys.exit(CODE)
"""


def attack(secret: Path, code: int) -> str:
    return ATTACK.replace("SECRET", str(secret)).replace("CODE", str(code))


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "file").write_text("secret")
    return folder


def objects(account: Any, bucket: str, prefix: str) -> dict[str, str]:
    return {key.removeprefix(prefix): account.text(bucket, key) for key in account.keys(bucket, prefix)}


def members(account: Any, name: str, archive: str) -> dict[str, str]:
    """Return an archive's members, each with its content or with where it leads."""
    key = f"here/{name}/output/{archive}.tar.gz"
    body = account.s3.get_object(Bucket="models", Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as packed:
        return {
            one.name: "folder" if one.isdir() else f"-> {one.linkname}" if one.issym() else content(packed, one)
            for one in packed
        }


def content(packed: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    file = packed.extractfile(member)
    return file.read().decode() if member.isreg() and file else f"type {member.type!r}"


def test_links_and_fifos_are_skipped_and_named_in_the_log(account: Any, secret: Path) -> None:
    job = account.run(attack(secret, 0), CheckpointConfig={"S3Uri": "s3://checkpoints/attack"})
    name = job["TrainingJobName"]
    assert job["TrainingJobStatus"] == "Completed", job
    assert objects(account, "checkpoints", "attack/") == {"deep/er/kept": "kept"}
    kept = {"deep": "folder", "deep/er": "folder", "deep/er/kept": "kept", "inside": "-> deep/er/kept"}
    assert members(account, name, "model") == members(account, name, "output") == kept
    notes = [line.removeprefix("[local cloud] ") for line in account.lines(name) if "skipped" in line]
    assert sorted(notes) == sorted(
        [f"{place}/{path} is skipped: it is a {kind}" for place in PLACES for path, kind in SKIPPED.items()]
        + ["checkpoints/inside is skipped: it is a symbolic link"]
    )


PLACES = ("checkpoints", "model", "output/data")
SKIPPED = {"deep/er/folder": "symbolic link", "fifo": "FIFO", "file": "symbolic link"}


def test_a_failed_job_with_plain_output_leaks_nothing_either(account: Any, secret: Path) -> None:
    output = {"S3OutputPath": "s3://models/plain-attack", "CompressionType": "NONE"}
    job = account.run(attack(secret, 3), OutputDataConfig=output)
    assert job["FailureReason"] == "AlgorithmError: , exit code: 3"
    assert objects(account, "models", f"plain-attack/{job['TrainingJobName']}/output/") == {"data/deep/er/kept": "kept"}


def test_a_folder_swapped_with_a_link_while_checkpoints_are_copied(account: Any, tmp_path: Path, secret: Path) -> None:
    checkpoints = tmp_path / "job" / "checkpoints"
    (checkpoints / "folder").mkdir(parents=True)
    (checkpoints / "folder" / "file").write_text("ours")
    mirror = Mirror(account.s3, ProgramFolder(tmp_path / "job", "checkpoints"), "s3://checkpoints/swapped")
    copies = 0
    with swapping(checkpoints, secret):
        while copies < 20:
            mirror.copy(last=False)
            found = objects(account, "checkpoints", "swapped/")
            assert "secret" not in found.values()
            copies += "place/file" in found or "folder/file" in found


def test_a_copied_checkpoint_stays_in_s3_when_the_disk_has_less_space_left(
    account: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints = tmp_path / "job" / "checkpoints"
    checkpoints.mkdir(parents=True)
    (checkpoints / "state").write_text("ours")
    mirror = Mirror(account.s3, ProgramFolder(tmp_path / "job", "checkpoints"), "s3://checkpoints/large")
    lines: list[str] = []
    mirror.report_to(lines.append)
    mirror.copy(last=False)
    mirror.copy(last=False)
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(path=path, free=3))
    mirror.copy(last=True)
    assert lines == ["checkpoints/state is skipped: it is larger than the free space on the local cloud's disk"]
    assert objects(account, "checkpoints", "large/") == {"state": "ours"}
    (checkpoints / "state").unlink()
    mirror.copy(last=True)
    assert objects(account, "checkpoints", "large/") == {}


def test_a_folder_of_the_job_that_is_replaced_by_a_link_is_empty(account: Any, secret: Path) -> None:
    job = account.run(
        f"""
import shutil
for place in ("checkpoints", "model", "output"):
    shutil.rmtree(base / place)
    (base / place).symlink_to("{secret}")
""",
        CheckpointConfig={"S3Uri": "s3://checkpoints/replaced"},
    )
    name = job["TrainingJobName"]
    assert job["TrainingJobStatus"] == "Completed", job
    assert account.keys("checkpoints", "replaced/") == []
    assert members(account, name, "model") == {}
    assert account.keys("models", f"here/{name}/output/") == [f"here/{name}/output/model.tar.gz"]
    assert "[local cloud] model is skipped: it is not a folder" in account.lines(name)


def test_an_endless_chain_of_folders_ends_with_its_job(account: Any) -> None:
    job = account.run(
        """
os.chdir(base / "model")
for _ in range(1500):
    os.mkdir("d"); os.chdir("d")
"""
    )
    assert job["TrainingJobStatus"] == "Completed", job
    assert not (account.folder / "jobs" / job["TrainingJobName"]).exists()
