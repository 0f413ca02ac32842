"""What a verb finds in the account and in its folder. Each scene has its own job, folder and prefix."""

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.channels import local
from scripts.core import aws
from scripts.jobfile.hyperparameters import Metric
from scripts.jobfile.reading import parse_job
from scripts.training import TrainingJob, build_request
from tests.faults.sagemaker import SmallSageMaker
from tests.unit.aws_server import ACCOUNT, STACK

OTHER = "other-20260101-120000-aaaa"
ROLE = {
    "Effect": "Allow",
    "Principal": {"Service": "sagemaker.amazonaws.com"},
    "Action": "sts:AssumeRole",
    "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
}


@dataclass
class Scene:
    """One row's own things.

    Args:
        name: the name of its job file; no other row has it.
        sagemaker: where the jobs are.
        large: whether its folder has a file that is uploaded in parts.
        image: the digest of its image without a tag.
    """

    name: str
    sagemaker: SmallSageMaker
    large: bool = False
    image: str = ""

    @property
    def job(self) -> str:
        """The job of this row."""
        return f"{self.name}-20260101-120000-ab12"

    @property
    def tuning(self) -> str:
        """The tuning of this row."""
        return f"{self.name}-260101120000-ab12"

    @property
    def prefix(self) -> str:
        """The prefix of its channel."""
        return f"{self.name}/training/"

    @property
    def folder(self) -> Path:
        """The folder of its channel."""
        return Path(self.name)

    @property
    def bucket(self) -> str:
        """The bucket of its Terraform state."""
        return f"trainyard-tfstate-{self.name}"

    def training_job(self, job: str, **more: Any) -> TrainingJob:
        """A job with checkpoints, of a job file with more keys."""
        content = {"checkpoints": True, "channels": {"training": {"source": self.name}}, **more}
        spec = parse_job(content, "jobs/x.toml")
        metrics = [Metric(name, regex) for name, regex in spec.metrics.items()]
        return TrainingJob(self.name, spec, job, f"{STACK.repository_url}:v1", {}, metrics)

    def request(self, job: str) -> dict[str, Any]:
        """The request for such a job."""
        return build_request(self.training_job(job), STACK)

    def objects(self) -> dict[str, str]:
        """The objects of its channel, with their MD5 (of its parts)."""
        found = aws.client("s3").list_objects_v2(Bucket=STACK.data_bucket, Prefix=self.prefix).get("Contents", [])
        return {one["Key"].removeprefix(self.prefix): one["ETag"].strip('"') for one in found}

    def uploads(self) -> list[str]:
        """The multipart uploads that nobody has ended."""
        found = aws.client("s3").list_multipart_uploads(Bucket=STACK.data_bucket).get("Uploads", [])
        return [one["Key"] for one in found if one["Key"].startswith(self.prefix)]


RIGHTS = json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": ["s3:*", "ecr:*"], "Resource": "*"}}
)


def fill_account() -> None:
    """Make what every scene needs: buckets, the role, the image."""
    s3 = aws.client("s3")
    for bucket in (STACK.data_bucket, STACK.models_bucket, STACK.checkpoints_bucket):
        s3.create_bucket(Bucket=bucket)
    trust = json.dumps({"Version": "2012-10-17", "Statement": [ROLE]})
    iam, role = aws.client("iam"), STACK.role_arn.rpartition("/")[2]
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust)
    iam.put_role_policy(RoleName=role, PolicyName="training", PolicyDocument=RIGHTS)
    ecr = aws.client("ecr")
    ecr.create_repository(repositoryName=STACK.repository_name)
    manifest = {"schemaVersion": 2, "config": {"digest": "sha256:" + "0" * 64, "size": 1}, "layers": []}
    ecr.put_image(
        repositoryName=STACK.repository_name,
        imageManifest=json.dumps(manifest),
        imageManifestMediaType="application/vnd.docker.distribution.manifest.v2+json",
        imageTag="v1",
    )


def prepare_data(scene: Scene) -> None:
    """A folder with a new file, a changed one and a large one; an object without a file; a job that runs."""
    scene.folder.mkdir()
    (scene.folder / "new.txt").write_text("new")
    (scene.folder / "changed.txt").write_text("after")
    with (scene.folder / "file.bin").open("wb") as file:
        file.truncate(local.PART_SIZE + 1 if scene.large else 1)
    s3 = aws.client("s3")
    for key, body in (("changed.txt", b"other"), ("gone.txt", b"gone")):
        metadata = {"sha256": hashlib.sha256(body).hexdigest()}
        s3.put_object(Bucket=STACK.data_bucket, Key=scene.prefix + key, Body=body, Metadata=metadata)
    add_other(scene)


def add_other(scene: Scene) -> None:
    """A job that runs beside the scene's."""
    if OTHER not in scene.sagemaker.jobs:
        scene.sagemaker.add(OTHER, "InProgress", **Scene("other", scene.sagemaker).request(OTHER))


def prepare_ended(scene: Scene) -> None:
    """A job that is Completed, with a model and a checkpoint."""
    scene.sagemaker.add(scene.job, "Completed", **scene.request(scene.job))
    put_model(scene, scene.job)
    bucket, key = aws.split_uri(scene.request(scene.job)["CheckpointConfig"]["S3Uri"].rstrip("/"))
    aws.client("s3").put_object(Bucket=bucket, Key=f"{key}/step-1/manifest.json", Body=b"{}")


def prepare_running(scene: Scene) -> None:
    """A job that runs."""
    scene.sagemaker.add(scene.job, "InProgress", **scene.request(scene.job))


def put_model(scene: Scene, job: str) -> None:
    """The archive of a job's model."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        member = tarfile.TarInfo("result")
        member.size = 4
        tar.addfile(member, io.BytesIO(b"done"))
    key = f"{scene.name}/{job}/output/model.tar.gz"
    aws.client("s3").put_object(Bucket=STACK.models_bucket, Key=key, Body=content.getvalue())
