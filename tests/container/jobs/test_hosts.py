"""Jobs of several hosts, one container each."""

import json
from typing import Any

import docker
import pytest

pytestmark = pytest.mark.e2e

TWO = {"InstanceType": "ml.t3.medium", "InstanceCount": 2, "VolumeSizeInGB": 1}
# algo-1 receives a message of algo-2 over the network of the job.
MEET = """
if host == "algo-1":
    with socket.create_server(("", 7777)) as server: print("heard", server.accept()[0].recv(9).decode())
else:
    deadline = time.time() + 60
    while True:
        try: socket.create_connection(("algo-1", 7777)).send(b"hello"); break
        except OSError:
            if time.time() > deadline: raise
            time.sleep(.1)
"""


def test_two_hosts_share_the_data_reach_each_other_and_write_one_model(account: Any) -> None:
    for number in range(5):
        account.put(f"shards/{number}", "x")
    account.put("both/old-1", "1", "checkpoints")
    account.put("both/old-2", "2", "checkpoints")
    job = account.run(
        MEET
        + """
config = json.loads((base / "input/config/resourceconfig.json").read_text())
print(config["hosts"], socket.gethostname() == host, config["network_interface_name"])
print(*(sorted(path.name for path in (base / "input/data" / name).iterdir()) for name in ("whole", "part")))
print(f"loss={host[-1]}")
(base / "model/1").mkdir(); (base / "model/1/weights").write_text(host); (base / f"model/1/{host}").touch()
(base / "output/data" / host).touch()
(base / f"checkpoints/{host}").touch(); (base / f"checkpoints/old-{host[-1]}").unlink()
""",
        ResourceConfig=TWO,
        InputDataConfig=[
            account.channel("whole", "s3://data/shards/"),
            account.channel("part", "s3://data/shards/", source={"S3DataDistributionType": "ShardedByS3Key"}),
        ],
        CheckpointConfig={"S3Uri": "s3://checkpoints/both"},
        AlgorithmSpecification={
            "TrainingImage": account.image,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9]+)"}],
        },
    )
    name = job["TrainingJobName"]
    assert job["TrainingJobStatus"] == "Completed", job
    shared = ["['algo-1', 'algo-2'] True eth0"]
    whole = "['0', '1', '2', '3', '4']"
    first, second = account.lines(name), account.lines(name, "algo-2")
    assert second == [*shared, f"{whole} ['1', '3']", "loss=2"]
    assert first == [
        "heard hello",
        *shared,
        f"{whole} ['0', '2', '4']",
        "loss=1",
        "[local cloud] model/1/weights of algo-2 is skipped: algo-1 has the same path",
    ]
    assert account.archive(job["ModelArtifacts"]["S3ModelArtifacts"]) == {
        "1/algo-1": b"",
        "1/algo-2": b"",
        "1/weights": b"algo-1",
    }
    assert account.archive(f"s3://models/here/{name}/output/output.tar.gz") == {"algo-1": b"", "algo-2": b""}
    assert account.keys("checkpoints", "both/") == ["both/algo-1", "both/algo-2"]
    (values,) = account.metric_values(name, "loss")
    assert (values["Minimum"], values["Maximum"], values["SampleCount"]) == (1, 2, 2)


def test_a_host_that_fails_ends_the_job_with_its_reason(account: Any) -> None:
    name = account.create(
        """
print("ready")
if host == "algo-1": time.sleep(600)
(base / "output/failure").write_text("no peers"); sys.exit(4)
""",
        ResourceConfig=TWO,
    )
    job = account.wait_until_ended(name)
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: algo-2: no peers, exit code: 4"


def test_a_host_that_is_killed_ends_the_job(account: Any, engine: docker.DockerClient) -> None:
    name = account.create("print('ready'); time.sleep(600)", ResourceConfig=TWO)
    account.wait_until(name, lambda _: account.lines(name) and account.lines(name, "algo-2"))
    found = engine.containers.list(filters={"label": f"trainyard.job={name}"})
    (second,) = (container for container in found if container.attrs["Config"]["Hostname"] == "algo-2")
    second.kill()
    job = account.wait_until_ended(name)
    assert job["FailureReason"] == "AlgorithmError: algo-2, exit code: 137"


def test_isolated_hosts_reach_each_other_and_nothing_else(account: Any, listener: tuple[str, int]) -> None:
    job = account.run(
        MEET
        + f"try: socket.create_connection({listener!r}, 3); print('reached')\nexcept OSError: print('not reached')",
        ResourceConfig=TWO,
        EnableNetworkIsolation=True,
    )
    name = job["TrainingJobName"]
    assert job["TrainingJobStatus"] == "Completed", job
    assert account.lines(name) == ["heard hello", "not reached"]
    assert account.lines(name, "algo-2") == ["not reached"]


def test_all_hosts_get_sigterm(account: Any) -> None:
    name = account.create(
        """
def stop(*_):
    print("stopped"); sys.exit()
signal.signal(signal.SIGTERM, stop); print("ready"); time.sleep(600)
""",
        ResourceConfig=TWO,
    )
    account.wait_until(name, lambda _: account.lines(name) and account.lines(name, "algo-2"))
    account.sagemaker.stop_training_job(TrainingJobName=name)
    assert account.wait_until_ended(name)["TrainingJobStatus"] == "Stopped"
    assert account.lines(name) == account.lines(name, "algo-2") == ["ready", "stopped"]


def test_more_hosts_than_fit_on_the_machine_are_refused(account: Any) -> None:
    with pytest.raises(account.sagemaker.exceptions.ClientError, match="InstanceCount is 99, and this machine has"):
        account.create(ResourceConfig=TWO | {"InstanceCount": 99})


def test_hosts_that_do_not_start_leave_nothing(account: Any, engine: docker.DockerClient) -> None:
    algorithm = {"TrainingImage": account.image, "TrainingInputMode": "File", "ContainerEntrypoint": ["/no/such"]}
    job = account.run(json.dumps(""), AlgorithmSpecification=algorithm, ResourceConfig=TWO)
    assert "The container of algo-1 did not start" in job["FailureReason"]
    filters = {"label": f"trainyard.job={job['TrainingJobName']}"}
    assert not engine.containers.list(all=True, filters=filters)
    assert not engine.networks.list(filters=filters)
