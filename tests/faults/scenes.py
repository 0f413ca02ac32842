"""What each verb does with AWS, and what must hold afterwards. Each scene has its own job, folder and prefix."""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from scripts import channels, costs, jobs, leftovers, logs, model, runs, stop, training, tuning, tunings
from scripts.channels import local
from scripts.container import repository
from scripts.core import aws
from scripts.jobfile.hyperparameters import Metric
from scripts.jobfile.reading import parse_job
from scripts.stack import state
from scripts.training import (
    TrainingJob,
    build_request,
    caller_rights,
    preflight,
    resume_checks,
    resume_request,
    verb_calls,
)
from scripts.tuning.request import Search
from scripts.tuning.space import search_space
from tests.faults.sagemaker import AVAILABLE, TRIAL, SmallSageMaker
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

    def request(self, job: str) -> dict[str, Any]:
        """A request for a job with checkpoints."""
        content = {"checkpoints": True, "channels": {"training": {"source": self.name}}}
        spec = parse_job(content, "jobs/x.toml")
        return build_request(TrainingJob(self.name, spec, job, f"{STACK.repository_url}:v1", {}, ()), STACK)

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
    _add_other(scene)


def _add_other(scene: Scene) -> None:
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


def _find_stack() -> None:
    """What `read_stack` asks before Terraform reads the outputs."""
    settings = state.current_backend("local")
    assert state.version(settings) is None
    state.bucket_exists(settings.bucket)


def do_data(scene: Scene) -> None:
    """`make data`."""
    _find_stack()
    caller_rights.check("make data", verb_calls.of_data(STACK, [scene.prefix]), lambda _: None)
    channels.synchronise([_channel(scene)], STACK.data_bucket, yes=True)


def do_train(scene: Scene) -> None:
    """`make train`."""
    _find_stack()
    repository.find(STACK, "v1")
    request = scene.request(scene.job)
    spec = parse_job({"checkpoints": True, "channels": {"training": {"source": scene.name}}}, "jobs/x.toml")
    request = costs.with_tags(request, costs.check(request, None, None, lambda _: None))
    preflight.check(request, (), lambda _: None)
    job = TrainingJob(scene.name, spec, scene.job, f"{STACK.repository_url}:v1", {}, ())
    training.upload(training.PreparedJob(job, STACK), yes=True)
    assert training.run(request)


def _tuning(scene: Scene) -> tuning.PreparedTuning:
    """A tuning with one training job."""
    content = {"checkpoints": True, "channels": {"training": {"source": scene.name}}, "metrics": {"loss": "loss=(.*)"}}
    search = {"objective": "loss", "direction": "Minimize", "max_jobs": 1, "ranges": {"x": {"min": 1, "max": 9}}}
    spec = parse_job({**content, "tuning": search}, "jobs/x.toml")
    assert spec.tuning is not None
    job = TrainingJob(scene.name, spec, scene.tuning, f"{STACK.repository_url}:v1", {}, [Metric("loss", "loss=(.*)")])
    return tuning.PreparedTuning(
        training.PreparedJob(job, STACK), Search(spec.tuning, "Minimize", search_space(spec.tuning, None, {}))
    )


def do_tune(scene: Scene) -> None:
    """`make tune`."""
    _find_stack()
    repository.find(STACK, "v1")
    prepared = _tuning(scene)
    tuning.upload(prepared, yes=True)
    assert tuning.run(prepared).status == "Completed"


def tune_is_whole(scene: Scene) -> None:
    """Data, report and the best model are as they should be."""
    data_is_equal(scene)
    model_is_whole(scene, f"{scene.tuning}{TRIAL}")
    assert (runs.record.run_folder(scene.tuning) / "report.html").exists()


def do_resume(scene: Scene) -> None:
    """`make resume`."""
    sagemaker = aws.client("sagemaker")
    earlier = runs.describe(sagemaker, runs.find(scene.job, sagemaker))
    _find_stack()
    resume_checks.check_image(earlier, STACK, lambda _: None, describe=False)
    tags = resume_checks.tags_of(sagemaker, earlier, lambda _: None)
    members = sagemaker.meta.service_model.operation_model("CreateTrainingJob").input_shape.members
    request = resume_request.build(earlier, tags, {"epochs": "9"}, members)
    request["TrainingJobName"] = f"{scene.job}-again"
    request = costs.with_tags(request, costs.check(request, None, None, lambda _: None))
    preflight.check(request, (), lambda _: None)
    costs.check_quotas(request, lambda _: None)
    resume_checks.check(sagemaker, earlier, lambda _: None)
    assert training.run(request)


def do_stack(scene: Scene) -> None:
    """What plan, infra and destroy ask before Terraform starts: the account, and the bucket of the state."""
    _find_stack()
    for _ in range(2):
        state.ensure_bucket(state.Backend(scene.bucket, "local/terraform.tfstate", "us-east-1"))


def data_is_equal(scene: Scene) -> None:
    """The prefix holds what the folder holds, and no upload is left."""
    names = {path.name for path in scene.folder.iterdir()}
    assert set(scene.objects()) == names
    assert scene.objects()["changed.txt"] == hashlib.md5(b"after").hexdigest()  # noqa: S324 - S3's ETag
    assert scene.uploads() == []


def model_is_whole(scene: Scene, job: str = "") -> None:
    """The model is in runs/, and nothing partial."""
    folder = runs.record.run_folder(job or scene.job)
    assert (folder / "model" / "result").read_text() == "done"
    assert not list(folder.glob(".*"))


def train_is_whole(scene: Scene) -> None:
    """Data and model are as they should be."""
    data_is_equal(scene)
    model_is_whole(scene)


def bucket_is_whole(scene: Scene) -> None:
    """The bucket of the state is versioned, encrypted and private."""
    s3 = aws.client("s3")
    assert s3.get_bucket_versioning(Bucket=scene.bucket)["Status"] == "Enabled"
    assert s3.get_bucket_encryption(Bucket=scene.bucket)
    assert all(s3.get_public_access_block(Bucket=scene.bucket)["PublicAccessBlockConfiguration"].values())
    assert "TlsOnly" in s3.get_bucket_policy(Bucket=scene.bucket)["Policy"]


def _channel(scene: Scene) -> channels.LocalChannel:
    return channels.LocalChannel("training", scene.folder, "jobs/x.toml", scene.prefix)


def _nothing(_scene: Scene) -> None:
    pass


@dataclass(frozen=True)
class Play:
    """A verb: what it needs, what it does, and what must hold after it has completed."""

    prepare: Callable[[Scene], None]
    do: Callable[[Scene], None]
    holds: Callable[[Scene], None]
    orders: str = ""  # the job that it orders, with {job} or {tuning} for the scene's; empty: none


def _prepare_train(scene: Scene) -> None:
    prepare_data(scene)
    put_model(scene, scene.job)


def _prepare_tune(scene: Scene) -> None:
    prepare_data(scene)
    put_model(scene, f"{scene.tuning}{TRIAL}")


def _prepare_resume(scene: Scene) -> None:
    prepare_ended(scene)
    put_model(scene, f"{scene.job}-again")


def _prepare_sweep(scene: Scene) -> None:
    scene.sagemaker.jobs.clear()  # a sweep looks for the checkpoints of each
    _add_other(scene)
    prepare_ended(scene)
    tags = [{"Key": "Project", "Value": STACK.project}, {"Key": "Environment", "Value": STACK.environment}]
    for bucket in (STACK.data_bucket, STACK.models_bucket, STACK.checkpoints_bucket):
        aws.client("s3").put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    aws.client("ecr").tag_resource(resourceArn=STACK.repository_arn, tags=tags)
    aws.client("s3").create_multipart_upload(Bucket=STACK.data_bucket, Key=f"{scene.prefix}file.bin")
    scene.sagemaker.jobs[scene.job]["WarmPoolStatus"] = AVAILABLE
    config = {"digest": f"sha256:{hashlib.sha256(scene.name.encode()).hexdigest()}", "size": 1}
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    manifest = json.dumps({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": [config]})
    put = aws.client("ecr").put_image(repositoryName=STACK.repository_name, imageManifest=manifest)
    scene.image = put["image"]["imageId"]["imageDigest"]


def do_sweep(scene: Scene) -> None:
    """`make sweep`, of what this row left."""
    _find_stack()
    found = leftovers.find(STACK, datetime.now(UTC) + timedelta(days=2), lambda _: None)
    for leftover in found:
        if leftover.name.startswith(f"{scene.name}/") or leftover.name in (scene.job, scene.image):
            assert leftovers.remove(leftover, STACK) is None


def all_is_swept(scene: Scene) -> None:
    """The completed run has no checkpoints any more; its pool, its upload and its image are gone too."""
    listed = aws.client("s3").list_objects_v2(Bucket=STACK.checkpoints_bucket, Prefix=f"{scene.name}/")
    assert not listed.get("Contents")
    assert scene.sagemaker.jobs[scene.job]["WarmPoolStatus"] == {"Status": "Terminated"}
    assert scene.uploads() == []
    images = aws.client("ecr").list_images(repositoryName=STACK.repository_name, maxResults=1000)["imageIds"]
    assert scene.image not in [one["imageDigest"] for one in images]


def do_prices(_scene: Scene) -> None:
    """`make prices`."""
    costs.renew(aws.region())


def _typed(command: click.Command, *arguments: str) -> None:
    """What a verb does with these arguments, in this process."""
    with command.make_context(None, [*arguments]) as context:
        command.invoke(context)


PLAYS = {
    "data": Play(prepare_data, do_data, data_is_equal),
    "train": Play(_prepare_train, do_train, train_is_whole, "{job}"),
    "tune": Play(_prepare_tune, do_tune, tune_is_whole, "{tuning}"),
    "tunings": Play(_nothing, lambda _: _typed(tunings.main), _nothing),
    "resume": Play(
        _prepare_resume, do_resume, lambda scene: model_is_whole(scene, f"{scene.job}-again"), "{job}-again"
    ),
    "model": Play(prepare_ended, lambda scene: _typed(model.main, "--run", scene.job), model_is_whole),
    "jobs": Play(prepare_ended, lambda _: _typed(jobs.main), _nothing),
    "logs": Play(prepare_ended, lambda scene: _typed(logs.main, "--run", scene.job), _nothing),
    "stop": Play(prepare_running, lambda scene: _typed(stop.main, "--run", scene.job[:-2]), _nothing),
    "sweep": Play(_prepare_sweep, do_sweep, all_is_swept),
    "prices": Play(_nothing, do_prices, _nothing),
    "plan": Play(_nothing, do_stack, bucket_is_whole),
}
