"""A container as root, with everything it can leave in its folders, reaches no file of this machine."""

import secrets
from pathlib import Path
from typing import Any

import pytest

from tests.unit.localcloud.test_job_attacks import members, objects

pytestmark = pytest.mark.e2e

ATTACK = """
import stat, threading
places = [base / "checkpoints", base / "model", base / "output/data"]
for folder in places:
    (folder / "kept").write_text("kept")
    (folder / "link").symlink_to("SECRET")
    os.mkfifo(folder / "fifo")
    os.mknod(folder / "device", 0o666 | stat.S_IFCHR, os.makedev(1, 5))  # /dev/zero: without an end
    socket.socket(socket.AF_UNIX).bind(str(folder / "socket"))
(base / "output/failure").symlink_to("SECRET")
for source in ("/etc/hostname", "/opt/ml/model/kept"):
    try:
        os.link(source, base / "checkpoints/hard")
    except OSError as error:
        print("hard link:", os.strerror(error.errno), flush=True)
# Swap a folder and a link as fast as possible while the checkpoints are copied.
folder = base / "checkpoints"
(folder / "folder").mkdir()
(folder / "folder/file").write_text("ours")
(folder / "away").symlink_to("HOME")
end = time.monotonic() + 3
while time.monotonic() < end:
    os.rename(folder / "folder", folder / "place"); os.rename(folder / "place", folder / "folder")
    os.rename(folder / "away", folder / "place"); os.rename(folder / "place", folder / "away")
"""


@pytest.mark.parametrize("isolated", [False, True])
def test_a_container_reaches_no_file_of_this_machine(isolated: bool, account: Any, tmp_path: Path) -> None:
    secret = tmp_path / "file"
    secret.write_text(secrets.token_hex())
    job = account.run(
        ATTACK.replace("SECRET", str(secret)).replace("HOME", str(tmp_path)),
        CheckpointConfig={"S3Uri": f"s3://checkpoints/attack-{isolated}"},
        EnableNetworkIsolation=isolated,
    )
    name = job["TrainingJobName"]
    assert job["TrainingJobStatus"] == "Completed", job
    assert objects(account, "checkpoints", f"attack-{isolated}/") == {"kept": "kept", "folder/file": "ours"}
    assert members(account, name, "model") == members(account, name, "output") == {"kept": "kept"}
    lines = account.lines(name)
    assert lines.count("hard link: Invalid cross-device link") == 2
    for place in ("checkpoints", "model", "output/data"):
        for path, kind in {"link": "symbolic link", "fifo": "FIFO", "device": "device", "socket": "socket"}.items():
            assert f"[local cloud] {place}/{path} is skipped: it is a {kind}" in lines
