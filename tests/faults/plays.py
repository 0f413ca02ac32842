"""What each verb does with AWS, and what must hold afterwards."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import click

from scripts import channels, costs, jobs, leftovers, logs, model, runs, stop, training, tuning, tunings
from scripts.container import repository
from scripts.core import aws
from scripts.stack import state
from scripts.training import caller_rights, preflight, resume_checks, resume_request, verb_calls
from scripts.tuning.request import Search
from scripts.tuning.space import search_space
from tests.faults.sagemaker import AVAILABLE, TRIAL
from tests.faults.scenes import Scene, add_other, prepare_data, prepare_ended, prepare_running, put_model
from tests.unit.aws_server import STACK


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
    request = costs.with_tags(request, costs.check(request, None, None, lambda _: None))
    preflight.check(request, (), lambda _: None)
    training.upload(training.PreparedJob(scene.training_job(scene.job), STACK), yes=True)
    assert training.run(request)


def _tuning(scene: Scene) -> tuning.PreparedTuning:
    """A tuning with one training job."""
    keys = {"objective": "loss", "direction": "Minimize", "max_jobs": 1, "ranges": {"x": {"min": 1, "max": 9}}}
    job = scene.training_job(scene.tuning, metrics={"loss": "loss=(.*)"}, tuning=keys)
    table = job.spec.tuning
    assert table is not None
    search = Search(table, "Minimize", search_space(table, None, {}))
    return tuning.PreparedTuning(training.PreparedJob(job, STACK), search)


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
    scene.sagemaker.tunings.clear()
    add_other(scene)
    prepare_ended(scene)
    tags = [{"Key": "Project", "Value": STACK.project}, {"Key": "Environment", "Value": STACK.environment}]
    for bucket in (STACK.data_bucket, STACK.models_bucket, STACK.checkpoints_bucket):
        aws.client("s3").put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    aws.client("ecr").tag_resource(resourceArn=STACK.repository_arn, tags=tags)
    aws.client("s3").create_multipart_upload(Bucket=STACK.data_bucket, Key=f"{scene.prefix}file.bin")
    scene.sagemaker.jobs[scene.job]["WarmPoolStatus"] = AVAILABLE
    scene.sagemaker.add_tuning(_tuning(scene).request, reads=10_000)  # it runs until it is stopped
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
        if leftover.name.startswith(f"{scene.name}/") or leftover.name in (scene.tuning, scene.job, scene.image):
            assert leftovers.remove(leftover, STACK) is None


def all_is_swept(scene: Scene) -> None:
    """The completed run has no checkpoints; the tuning runs no more, and pool, upload and image are gone too."""
    listed = aws.client("s3").list_objects_v2(Bucket=STACK.checkpoints_bucket, Prefix=f"{scene.name}/")
    assert not listed.get("Contents")
    assert scene.sagemaker.jobs[scene.job]["WarmPoolStatus"] == {"Status": "Terminated"}
    assert scene.sagemaker.tuning_status(scene.tuning) == "Completed"
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
