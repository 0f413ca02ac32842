"""Decisions of the local SageMaker, as functions of values."""

import itertools
import json
import sys
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape
from hypothesis import given
from hypothesis import strategies as st

from scripts.core import constraints
from scripts.localcloud.awsjson import ServiceError
from scripts.localcloud.environment import Cloud
from scripts.localcloud.sagemaker import channels, describe
from scripts.localcloud.sagemaker.checkpoints import MOST_SCANS, Changes, FileState, changes, is_complete
from scripts.localcloud.sagemaker.instances import has_gpu
from scripts.localcloud.sagemaker.jobs import JobStore, StopReason, new_job
from scripts.localcloud.sagemaker.layout import Layout
from scripts.localcloud.sagemaker.metrics import Metrics
from scripts.localcloud.sagemaker.processes import ProcessExecutor, program_environment
from scripts.localcloud.sagemaker.removal import remove
from scripts.localcloud.sagemaker.slots import Slots

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
REQUEST = {
    "TrainingJobName": "Name",
    "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
    "ResourceConfig": {"InstanceType": "ml.m5.large"},
}
JOB = new_job(REQUEST, "us-east-1", "123456789012", NOON)
CLOUD = Cloud("http://127.0.0.1:4000", 4000, 1, datetime(2026, 8, 1, tzinfo=UTC), Path("/cloud"))


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_the_same_name_in_two_regions_has_two_folders() -> None:
    assert JOB.folder == "Name"
    assert replace(JOB, region="eu-west-1").folder == "Name.eu-west-1"


def test_the_final_status_depends_on_the_first_stop_reason() -> None:
    running = JOB.enter_status("Downloading", at(1)).enter_status("Training", at(2))
    assert running.finish(at(3)).status == "Completed"
    assert running.finish(at(3), "AlgorithmError: x").status == "Failed"
    stopping = running.request_stop(StopReason.USER, at(3))
    assert stopping.status == "Stopping"
    assert stopping.finish(at(4)).transitions[-1].status == "Stopped"
    late = running.request_stop(StopReason.MAX_RUNTIME, at(3)).request_stop(StopReason.USER, at(4)).finish(at(5))
    assert (late.status, late.transitions[-1].status) == ("Stopped", "MaxRuntimeExceeded")
    assert late.request_stop(StopReason.USER, at(6)) == late


def test_billed_time_is_from_download_to_end_in_whole_seconds() -> None:
    training = JOB.enter_status("Pending", at(1)).enter_status("Downloading", at(10)).enter_status("Training", at(11))
    described = describe.description(training.finish(at(12.2)))
    assert described["BillableTimeInSeconds"] == described["TrainingTimeInSeconds"] == 3
    assert described["TrainingStartTime"] == at(10)
    assert "BillableTimeInSeconds" not in describe.description(training)


@given(st.lists(st.sampled_from(["Pending", "Downloading", "Training", "Uploading"])))
def test_transitions_follow_one_another_without_a_gap(steps: list[str]) -> None:
    job = JOB
    for second, step in enumerate(steps, 1):
        job = job.enter_status(step, at(second))
    ended = job.finish(at(99)).transitions
    assert all(before.end == after.start for before, after in itertools.pairwise(ended))
    assert ended[-1].end == ended[-1].start == at(99)


def test_a_change_that_raises_does_not_change_the_job() -> None:
    store = JobStore()
    assert store.add(JOB)
    assert not store.add(replace(JOB, region="other"))

    def refuse(_: object) -> Any:
        raise ServiceError("ValidationException", "no")

    with pytest.raises(ServiceError):
        store.change(JOB.arn, refuse)
    assert store.get(JOB.arn) == JOB


@given(st.integers(0, 30), st.integers(1, 5))
def test_all_pages_together_list_every_job_once(count: int, size: int) -> None:
    jobs = [replace(JOB, request={"TrainingJobName": f"j{n}"}, created=at(n % 7)) for n in range(count)]
    seen: list[str] = []
    wanted: dict[str, Any] = {"MaxResults": size}
    while True:
        page = describe.page(jobs, wanted)
        seen += [summary["TrainingJobName"] for summary in page["TrainingJobSummaries"]]
        if "NextToken" not in page:
            break
        wanted["NextToken"] = page["NextToken"]
    assert sorted(seen) == sorted(job.name for job in jobs)


FILES = st.dictionaries(st.sampled_from("abcd"), st.builds(FileState, st.integers(0, 2), st.integers(0, 2)))


def test_a_file_is_uploaded_when_it_has_stopped_changing() -> None:
    old, new = FileState(1, 1), FileState(2, 2)
    assert changes({}, {}, {"a": new}) == Changes((), ())
    assert changes({}, {"a": old}, {"a": new}) == Changes((), ())
    assert changes({}, {"a": new}, {"a": new}) == Changes(("a",), ())
    assert changes({"a": old}, {"a": new}, {"a": new}) == Changes(("a",), ())
    assert changes({"a": old}, {"a": old}, {}) == Changes((), ("a",))


def test_a_checkpoint_is_in_s3_when_all_of_its_files_are() -> None:
    old, new = FileState(1, 1), FileState(2, 2)
    assert not is_complete(0, {"a": old}, {"a": old})  # it was downloaded
    assert not is_complete(1, {"a": new}, {"a": new})  # the next scan may find another file of it
    assert is_complete(2, {"a": new, "gone": old}, {"a": new})
    assert not is_complete(2, {"a": new}, {"a": new, "b": new})
    assert not is_complete(2, {"a": old}, {"a": new})
    assert is_complete(MOST_SCANS + 1, {"a": old}, {"a": new})


@given(FILES, FILES)
def test_after_two_equal_scans_s3_has_the_files_of_the_folder(
    copied: Mapping[str, FileState], now: Mapping[str, FileState]
) -> None:
    todo = changes(copied, now, now)
    in_s3 = dict(copied) | {path: now[path] for path in todo.uploads}
    assert {path: state for path, state in in_s3.items() if path not in todo.deletions} == now


@pytest.mark.parametrize(
    ("prefix", "key", "path"),
    [
        ("a/b/", "a/b/c/d", "c/d"),
        ("a/b", "a/b/c/d", "c/d"),
        ("a/b", "a/b2/d", "b2/d"),
        ("a/b.txt", "a/b.txt", "b.txt"),
        ("", "a/b", "a/b"),
        ("a/b/", "a/b/", ""),
    ],
)
def test_path_of_an_objects_file(prefix: str, key: str, path: str) -> None:
    assert channels.prefix_path(prefix, key) == path


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/passwd"])
def test_a_path_that_leaves_the_folder_is_refused(path: str) -> None:
    with pytest.raises(channels.DownloadError, match="leave the channel's folder"):
        channels.safe_path(Path("/base"), path)


@pytest.mark.parametrize("manifest", [{}, [], ["a"], [{"prefix": 1}, "a"], [{"prefix": "s3://b/"}, 1]])
def test_a_manifest_of_another_form_is_refused(manifest: Any) -> None:
    with pytest.raises(channels.DownloadError, match="A manifest is"):
        channels.manifest_sources(manifest)


@given(st.integers(0, 20), st.integers(1, 4))
def test_each_object_is_in_one_shard(count: int, hosts: int) -> None:
    found = [channels.Source("b", str(number), str(number)) for number in range(count)]
    parts = [channels.share(found, "ShardedByS3Key", host, hosts) for host in range(hosts)]
    assert sorted(source.key for part in parts for source in part) == sorted(source.key for source in found)
    assert channels.share(found, "FullyReplicated", 0, hosts) == found


def test_metrics_keep_the_last_number() -> None:
    metrics = Metrics(
        [
            {"Name": "loss", "Regex": "loss=([^ ]+)"},
            {"Name": "odd", "Regex": "x(y)?"},
        ]
    )
    for line in ("loss=1 loss=-2.5E-3", "loss=none loss=nan loss=-inf x xy", "nothing"):
        metrics.read(line, NOON)
    assert [(metric.name, metric.value) for metric in metrics.last()] == [("loss", -0.0025)]


def test_every_pattern_in_a_request_can_be_checked() -> None:
    model = ServiceModel(Loader().load_service_model("sagemaker", "service-2"))
    seen: dict[str, Shape] = {}

    def walk(shape: Shape | None) -> None:
        if shape is None or shape.name in seen:
            return
        seen[shape.name] = shape
        for name in ("member", "key", "value"):
            walk(getattr(shape, name, None))
        for member in getattr(shape, "members", {}).values():
            walk(member)

    walk(model.operation_model("CreateTrainingJob").input_shape)
    walk(model.operation_model("ListTrainingJobs").input_shape)
    patterns = {shape.metadata["pattern"] for shape in seen.values() if "pattern" in shape.metadata}
    assert len(patterns) > 20
    for pattern in patterns:
        assert constraints.regex(pattern).fullmatch("\0") is None or pattern in (".*", ".+", r"[\S\s]*"), pattern


def test_which_instances_have_a_gpu() -> None:
    assert [name for name in ("ml.g4dn.xlarge", "ml.p3.2xlarge", "ml.m5.large", "ml.c5.large") if has_gpu(name)] == [
        "ml.g4dn.xlarge",
        "ml.p3.2xlarge",
    ]


def test_a_program_does_not_inherit_aws_settings_or_another_jobs_variables() -> None:
    base = {"AWS_PROFILE": "x", "SM_MODEL_DIR": "x", "SAGEMAKER_PROGRAM": "x", "TF_CONFIG": "{}", "HOME": "/h"}
    job = replace(JOB, request=REQUEST | {"Environment": {"SM_MINE": "1", "TRAINER_WITHOUT_GPU": "forbid"}})
    seen = program_environment(base, job, Layout(Path("/jobs/j/algo-1")), CLOUD)
    assert seen["HOME"] == "/h"
    assert seen["SM_MINE"] == "1"
    assert seen["TRAINER_WITHOUT_GPU"] == "forbid"
    assert not {"AWS_PROFILE", "SM_MODEL_DIR", "SAGEMAKER_PROGRAM", "TF_CONFIG"} & set(seen)


def test_a_process_calls_the_local_cloud_as_its_role_or_nothing_of_aws() -> None:
    layout = Layout(Path("/jobs/j/algo-1"))
    seen = program_environment({}, JOB, layout, CLOUD)
    aws = {name: value for name, value in seen.items() if name.startswith("AWS_")}
    nothing = {
        "AWS_CONFIG_FILE": "/cloud/aws-config",
        "AWS_SHARED_CREDENTIALS_FILE": "/cloud/aws-config",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": "us-east-1",
    }
    assert aws == nothing | {"AWS_ENDPOINT_URL": CLOUD.url, "AWS_CONFIG_FILE": "/jobs/j/role/config"}
    isolated = replace(JOB, request=REQUEST | {"EnableNetworkIsolation": True})
    seen = program_environment({}, isolated, layout, CLOUD)
    assert {name: value for name, value in seen.items() if name.startswith("AWS_")} == nothing
    own = replace(JOB, request=REQUEST | {"Environment": {"AWS_ENDPOINT_URL": "http://minio"}})
    assert program_environment({}, own, layout, CLOUD)["AWS_ENDPOINT_URL"] == "http://minio"


def test_jobs_get_slots_in_the_order_of_their_requests() -> None:
    slots, order = Slots(1), []
    release, waiting = threading.Event(), [threading.Event() for _ in range(3)]

    def take(number: int) -> None:
        with slots.hold(waiting[number].set, lambda: False) as held:
            assert held
            order.append(number)

    with slots.hold(release.set, lambda: False):
        threads = []
        for number in range(3):
            threads.append(threading.Thread(target=take, args=(number,)))
            threads[-1].start()
            assert waiting[number].wait(60)
        with slots.hold(lambda: None, lambda: True) as held:
            assert not held
    for thread in threads:
        thread.join(60)
    assert order == [0, 1, 2]
    assert not release.is_set()


def test_a_job_of_two_hosts_waits_for_two_slots() -> None:
    slots = Slots(2)
    with slots.hold(lambda: None, lambda: False) as one, slots.hold(lambda: None, lambda: True, slots=2) as two:
        assert one
        assert not two
    with slots.hold(lambda: None, lambda: False, slots=3) as all_slots:
        assert all_slots


def test_a_program_that_ignores_sigterm_is_killed_with_its_child_processes(tmp_path: Path) -> None:
    code = (
        "import signal, subprocess, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "subprocess.Popen(['sleep', '100']); print('up', flush=True); time.sleep(100)"
    )
    layout = Layout(tmp_path / "job")
    layout.create(REQUEST)
    running = ProcessExecutor(tmp_path, CLOUD, (sys.executable, "-c", code)).start(JOB, layout)
    lines = running.lines()
    assert next(lines) == "up"
    running.terminate()
    assert running.wait(0.3) is None
    running.kill()
    assert running.wait(60) == 137
    assert list(lines) == [], "the pipe closes when the last process has ended"
    (layout.base / "input" / "data").chmod(0o500)
    remove(layout.base)
    assert not layout.base.exists()


def test_the_configuration_files_of_a_job(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "job")
    request = REQUEST | {"HyperParameters": {"a": "1"}, "CheckpointConfig": {"S3Uri": "x", "LocalPath": "/opt/ml/c/d"}}
    layout.create(request)
    config = {path.name: json.loads(path.read_text()) for path in (layout.base / "input/config").iterdir()}
    assert config["hyperparameters.json"] == {"a": "1"}
    assert config["checkpointconfig.json"] == {"LocalPath": str(layout.base / "c/d")}
    assert (layout.base / "c/d").is_dir()
    assert layout.failure() == ""
