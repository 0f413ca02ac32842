"""What SageMaker promises to a program in a container, and what happens to the files that it writes."""

import json
from typing import Any

import docker
import pytest

pytestmark = pytest.mark.e2e

ISOLATED = {"EnableNetworkIsolation": True}
SMALL = {"InstanceType": "ml.t3.medium", "InstanceCount": 1, "VolumeSizeInGB": 1}


def test_a_program_finds_the_files_and_variables_that_sagemaker_promises(account: Any) -> None:
    job = account.run(
        """
config = {path.name: json.loads(path.read_text()) for path in (base / "input/config").iterdir()}
del config["hyperparameters.json"]["code"]
for path in ("model", "output/data", "checkpoints", "input/data/training"):
    (base / path / "written").touch()
print(json.dumps({
    "config": config, "env": dict(os.environ), "arguments": sys.argv[1:], "pid": os.getpid(),
    "host": socket.gethostname(), "address": socket.gethostbyname("algo-1"),
    "code": os.listdir("/opt/ml/code"), "ml": sorted(os.listdir("/opt/ml")),
    "shm": os.statvfs("/dev/shm").f_blocks * os.statvfs("/dev/shm").f_frsize,
}))
""",
        Environment={"MINE": "a b$c"},
        CheckpointConfig={"S3Uri": "s3://checkpoints/seen"},
        ResourceConfig=SMALL,
    )
    name = job["TrainingJobName"]
    assert job["TrainingJobStatus"] == "Completed", job
    (line,) = account.lines(name)
    seen = json.loads(line)
    assert seen["arguments"] == ["train"]
    assert seen["pid"] == 1
    assert seen["host"] == "algo-1"
    assert seen["code"] == ["program.py"]
    assert seen["ml"] == ["checkpoints", "code", "input", "model", "output"]
    assert seen["shm"] == 2 << 30
    own = {variable: value for variable, value in seen["env"].items() if variable not in ("HOME", "PATH")}
    assert own.pop("AWS_ENDPOINT_URL").startswith("http://")
    assert own == {
        "AWS_CONFIG_FILE": "/run/local-cloud/role/config",
        "AWS_REGION": "us-east-1",
        "FROM_IMAGE": "yes",
        "HOSTNAME": "algo-1",
        "MINE": "a b$c",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "TRAINING_JOB_ARN": job["TrainingJobArn"],
        "TRAINING_JOB_NAME": name,
    }
    assert seen["config"] == {
        "hyperparameters.json": {},
        "inputdataconfig.json": {
            "training": {
                "TrainingInputMode": "File",
                "S3DistributionType": "FullyReplicated",
                "RecordWrapperType": "None",
            }
        },
        "resourceconfig.json": {
            "current_host": "algo-1",
            "current_instance_type": "ml.t3.medium",
            "current_group_name": "homogeneousCluster",
            "hosts": ["algo-1"],
            "instance_groups": [
                {"instance_group_name": "homogeneousCluster", "instance_type": "ml.t3.medium", "hosts": ["algo-1"]}
            ],
            "network_interface_name": "eth0",
        },
        "checkpointconfig.json": {"LocalPath": "/opt/ml/checkpoints"},
    }
    assert account.keys("checkpoints", "seen/") == ["seen/written"]
    assert account.archive(job["ModelArtifacts"]["S3ModelArtifacts"]) == {"written": b""}
    assert not list((account.folder / "jobs").iterdir())


def test_an_image_that_the_engine_lacks_is_pulled(account: Any, engine: docker.DockerClient) -> None:
    engine.images.remove(account.image)
    job = account.run("print('pulled')")
    assert account.lines(job["TrainingJobName"]) == ["pulled"]
    messages = [step["StatusMessage"] for step in job["SecondaryStatusTransitions"]]
    assert "Downloading the training image" in messages
    again = account.run()
    assert "Downloading the training image" not in str(again["SecondaryStatusTransitions"])


def test_lines_arrive_whole_and_in_order(account: Any) -> None:
    job = account.run(
        """
print("é" * 50_000)
for number in range(2000): print(number)
os.write(1, b"half "); os.write(2, b"other\\n"); os.write(1, "é".encode()[:1]); time.sleep(.1)
os.write(1, "é".encode()[1:] + b"\\r\\n"); os.write(1, b"last, without an end")
"""
    )
    lines = account.lines(job["TrainingJobName"])
    lines.remove("other")  # The engine does not keep the order between two streams.
    assert lines[0] == "é" * 50_000
    assert lines[1:2001] == [str(number) for number in range(2000)]
    assert lines[2001:] == ["half é", "last, without an end"]


def test_a_failure_file_becomes_the_reason(account: Any) -> None:
    job = account.run(
        """
os.umask(0o077); (base / "output/failure").write_text("no labels"); (base / "model/m").touch(); sys.exit(3)
"""
    )
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: no labels, exit code: 3"
    assert "ModelArtifacts" not in job


STOPPABLE = """
def stop(*_):
    (base / "checkpoints/last").write_text("saved"); (base / "model/last").write_text("saved"); print("stopped")
    sys.exit(1)
signal.signal(signal.SIGTERM, stop)
print("ready"); time.sleep(600)
"""


def test_a_stopped_program_gets_sigterm_and_its_last_checkpoint_is_in_s3(account: Any) -> None:
    name = account.create(STOPPABLE, CheckpointConfig={"S3Uri": "s3://checkpoints/stopped"})
    account.wait_for_line(name, "ready")
    account.sagemaker.stop_training_job(TrainingJobName=name)
    job = account.wait_until_ended(name)
    assert job["TrainingJobStatus"] == "Stopped"
    assert "FailureReason" not in job
    assert account.lines(name)[-1] == "stopped"
    assert account.text("checkpoints", "stopped/last") == "saved"
    assert account.archive(job["ModelArtifacts"]["S3ModelArtifacts"]) == {"last": b"saved"}


def test_at_its_maximum_runtime_a_job_is_stopped(account: Any) -> None:
    job = account.run(
        STOPPABLE,
        StoppingCondition={"MaxRuntimeInSeconds": 10},  # on a busy machine the program is not ready after 3
        CheckpointConfig={"S3Uri": "s3://checkpoints/late", "LocalPath": "/opt/ml/checkpoints"},
    )
    assert job["SecondaryStatus"] == "MaxRuntimeExceeded"
    assert account.text("checkpoints", "late/last") == "saved"


def test_checkpoints_may_be_anywhere_in_the_container(account: Any) -> None:
    account.put("anywhere/old", "before", "checkpoints")
    job = account.run(
        """
place = pathlib.Path(json.loads((base / "input/config/checkpointconfig.json").read_text())["LocalPath"])
print(place, (place / "old").read_text()); (place / "old").unlink(); (place / "new").touch()
""",
        CheckpointConfig={"S3Uri": "s3://checkpoints/anywhere", "LocalPath": "/state/kept"},
    )
    assert account.lines(job["TrainingJobName"]) == ["/state/kept before"]
    assert account.keys("checkpoints", "anywhere/") == ["anywhere/new"]


@pytest.mark.parametrize(
    ("members", "arguments"),
    [
        ({"ContainerArguments": ["--fast", "a b"]}, ["--fast", "a b"]),
        ({"ContainerEntrypoint": ["python3", "/opt/ml/code/program.py", "mine"]}, ["mine"]),
        (
            {"ContainerEntrypoint": ["python3", "/opt/ml/code/program.py", "mine"], "ContainerArguments": ["too"]},
            ["mine", "too"],
        ),
    ],
)
def test_the_request_may_name_an_entry_point_and_arguments(
    account: Any, members: dict[str, list[str]], arguments: list[str]
) -> None:
    job = account.run(
        "print(json.dumps(sys.argv[1:]))",
        AlgorithmSpecification={"TrainingImage": account.image, "TrainingInputMode": "File"} | members,
    )
    assert [json.loads(line) for line in account.lines(job["TrainingJobName"])] == [arguments]


def test_a_missing_entry_point_fails_the_job(account: Any) -> None:
    algorithm = {"TrainingImage": account.image, "TrainingInputMode": "File", "ContainerEntrypoint": ["/no/such"]}
    job = account.run(AlgorithmSpecification=algorithm)
    assert job["TrainingJobStatus"] == "Failed"
    assert "ClientError: The container of algo-1 did not start" in job["FailureReason"]
    assert "/no/such" in job["FailureReason"]


def test_fast_file_is_read_only(account: Any) -> None:
    job = account.run(
        """
for channel in ("training", "fast"):
    file = base / "input/data" / channel / "a.txt"
    try: print(channel, file.read_text(), file.write_text("mine"))
    except OSError as error: print(channel, error.strerror)
""",
        InputDataConfig=[account.channel(), account.channel("fast", InputMode="FastFile")],
    )
    assert account.lines(job["TrainingJobName"]) == ["training hello 4", "fast Read-only file system"]


def test_a_container_has_the_instances_memory_and_cores(account: Any, engine: docker.DockerClient) -> None:
    name = account.create("print('ready'); time.sleep(600)", ResourceConfig=SMALL)
    account.wait_for_line(name, "ready")
    (container,) = engine.containers.list(filters={"label": f"trainyard.job={name}"})
    assert container.attrs["HostConfig"]["Memory"] == container.attrs["HostConfig"]["MemorySwap"] == 4 << 30
    assert container.attrs["HostConfig"]["NanoCpus"] == 2 * 10**9
    account.sagemaker.stop_training_job(TrainingJobName=name)
    container.kill()  # The program ignores SIGTERM; this saves a wait of two minutes.
    assert account.wait_until_ended(name)["TrainingJobStatus"] == "Stopped"


def test_a_program_that_uses_too_much_memory_fails(account: Any) -> None:
    job = account.run("held = [b'x' * (256 << 20) for _ in range(20)]", ResourceConfig=SMALL)
    assert job["FailureReason"] == (
        "AlgorithmError: out of memory, killed by the kernel: the container had 4.0 GiB, exit code: 137"
    )


def test_without_a_gpu_a_gpu_job_trains_on_the_cpu(account: Any, engine: docker.DockerClient) -> None:
    if "nvidia" in engine.info()["Runtimes"]:
        pytest.skip("this machine's engine has GPUs")
    job = account.run(
        "print(os.environ['TRAINER_WITHOUT_GPU'])",
        ResourceConfig={"InstanceType": "ml.g4dn.4xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1},
    )
    assert account.lines(job["TrainingJobName"]) == [
        "[local cloud] no GPU of ml.g4dn.4xlarge here: the job trains on the CPU",
        "allow",
    ]


def test_a_job_may_name_its_image_by_tag_or_by_awss_name_and_a_missing_image_is_refused(account: Any) -> None:
    def algorithm(image: str) -> dict[str, Any]:
        return {"AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File"}}

    aws = "123456789012.dkr.ecr.us-east-1.amazonaws.com/trainer"
    for image in (f"{account.repository}:v1", f"{aws}:v1", f"{aws}@{account.image.partition('@')[2]}"):
        job = account.run("print(os.environ['FROM_IMAGE'])", **algorithm(image))
        assert account.lines(job["TrainingJobName"]) == ["yes"]
        assert job["AlgorithmSpecification"]["TrainingImage"] == image
    for image in (f"{account.repository}:v2", account.repository, f"{aws}@sha256:{'0' * 64}"):
        with pytest.raises(
            account.sagemaker.exceptions.ClientError, match="Cannot find the requested image: "
        ) as caught:
            account.create(**algorithm(image))
        assert caught.value.response["Error"]["Code"] == "ValidationException"
    with pytest.raises(account.sagemaker.exceptions.ClientError, match="Cannot find repository: other"):
        account.create(**algorithm(account.repository.replace("/trainer", "/other:v1")))


CONNECT = """
try: socket.create_connection(("ADDRESS", PORT), 3).close(); print("reached")
except OSError as error: print("not reached")
print(*sorted(name for name in os.environ if name.startswith("AWS_")))
"""


@pytest.mark.parametrize(("members", "line"), [({}, "reached"), (ISOLATED, "not reached")])
def test_an_isolated_program_cannot_reach_the_outside(
    account: Any, listener: tuple[str, int], members: dict[str, bool], line: str
) -> None:
    address, port = listener
    job = account.run(CONNECT.replace("ADDRESS", address).replace("PORT", str(port)), **members)
    variables = "AWS_REGION" if members else "AWS_CONFIG_FILE AWS_ENDPOINT_URL AWS_REGION"
    assert account.lines(job["TrainingJobName"]) == [line, variables]
