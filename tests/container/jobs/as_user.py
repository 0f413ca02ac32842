"""Run by test_cleanup as a user who is not root: files of a container's root must become that user's files.

Prints its results as JSON. Arguments: a folder to work in, and the image.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import docker

from scripts import localcloud
from tests.container.jobs.clouds import account_with_image, local_cloud, within
from tests.unit.localcloud.processes import kill

# Writes files that only their owner, the container's root, may read.
LEAVE = """
os.umask(0o077)
assert os.getuid() == 0
for folder in ("model", "output/data", "checkpoints"):
    (base / folder / "inner").mkdir(parents=True); (base / folder / "inner/file").write_text(folder)
(base / "output/failure").write_text("secret reason")
print("left", flush=True)
"""
CHECKPOINTS = {"S3Uri": "s3://checkpoints/user"}


def main(folder: Path, image: str) -> None:
    """Run a job that completes, one that fails, and one whose local cloud is killed."""
    engine = docker.from_env()
    with local_cloud(folder) as cloud, account_with_image(cloud, engine, engine.images.get(image)) as account:
        job = account.run(LEAVE, CheckpointConfig=CHECKPOINTS)
        failed = account.run(LEAVE + "sys.exit(1)")
        jobs = cloud.folder / "jobs"
        seen: dict[str, Any] = {
            "user": os.getuid(),
            "reason": failed["FailureReason"],
            "model": sorted(account.archive(job["ModelArtifacts"]["S3ModelArtifacts"])),
            "checkpoints": account.keys("checkpoints", "user/"),
            "folders": [path.name for path in jobs.iterdir()],
        }
        name = account.create(LEAVE + "time.sleep(600)")
        account.wait_for_line(name, "left")
        with within(folder):
            kill(cloud)
            again = localcloud.start(lifetime=True)
        seen |= {"lost": len(again.lost_jobs), "left": [path.name for path in again.folder.glob("jobs/*")]}
    print(json.dumps(seen))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
