"""Decisions of the local SageMaker about containers and several hosts, as functions of values."""

import itertools
import sys
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.localcloud.engine import find_base_image
from scripts.localcloud.environment import Cloud
from scripts.localcloud.sagemaker import container, containers, hosts, layout, network
from scripts.localcloud.sagemaker.artifacts import merge
from scripts.localcloud.sagemaker.hosts import HostFailure, Instruction
from scripts.localcloud.sagemaker.instances import Limits, limits
from scripts.localcloud.sagemaker.jobs import new_job
from scripts.localcloud.sagemaker.processes import Process, ProcessExecutor
from scripts.localcloud.sagemaker.program_files import ProgramFolder

REQUEST = {
    "TrainingJobName": "Name",
    "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
    "ResourceConfig": {"InstanceType": "ml.m5.large"},
}
JOB = new_job(REQUEST, "us-east-1", "123456789012", datetime(2026, 8, 1, 12, tzinfo=UTC))
CLOUD = Cloud("http://127.0.0.1:4000", 4000, 1, datetime(2026, 8, 1, tzinfo=UTC), Path("/cloud"))
INFO = {"NCPU": 4, "MemTotal": 16 << 30, "MemoryLimit": True, "CpuCfsQuota": True, "Runtimes": {"runc": {}}}


@pytest.mark.parametrize(
    ("instance", "cpus", "gib"),
    [
        ("ml.t3.medium", 2, 4),
        ("ml.m5.large", 2, 8),
        ("ml.c5.xlarge", 4, 8),
        ("ml.c6i.2xlarge", 4, 16),
        ("ml.r5.large", 2, 16),
        ("ml.g4dn.4xlarge", 4, 16),
        ("ml.p3.2xlarge", 4, 16),
        ("ml.trn1.2xlarge", 4, 16),
    ],
)
def test_a_container_is_as_large_as_its_instance_but_not_larger_than_the_machine(
    instance: str, cpus: int, gib: int
) -> None:
    assert limits(instance, INFO) == Limits(gib << 30, cpus, gib << 29)


def test_there_is_no_limit_that_the_engine_does_not_support() -> None:
    assert limits("ml.t3.medium", INFO | {"MemoryLimit": False, "CpuCfsQuota": False}) == Limits(None, None, 2 << 30)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, ["train"]),
        ({"ContainerArguments": ["a"]}, ["a"]),
        ({"ContainerEntrypoint": ["sh"]}, None),
        ({"ContainerEntrypoint": ["sh"], "ContainerArguments": ["a"]}, ["a"]),
    ],
)
def test_arguments_of_the_entry_point(members: dict[str, list[str]], expected: list[str] | None) -> None:
    assert containers.arguments({"AlgorithmSpecification": members}) == expected


def test_mounts_of_a_hosts_folders() -> None:
    request = {
        "AlgorithmSpecification": {"TrainingInputMode": "File"},
        "InputDataConfig": [{"ChannelName": "a"}, {"ChannelName": "b", "InputMode": "FastFile"}],
        "CheckpointConfig": {"S3Uri": "s3://x/", "LocalPath": "/elsewhere"},
    }
    _, second = layout.job_layouts(Path("/jobs/j"), 2, in_containers=True, cache=None)
    folder = Path("/jobs/j/algo-2")
    expected = [
        ("/opt/ml/input", folder / "input", False),
        ("/opt/ml/model", folder / "model", False),
        ("/opt/ml/output", folder / "output", False),
        ("/opt/ml/input/data/b", folder / "input/data/b", True),
        ("/elsewhere", folder / "checkpoints", False),
    ]
    assert containers.mounts(second, request, with_role=False) == expected
    role = ("/run/local-cloud/role", Path("/jobs/j/role"), True)
    assert containers.mounts(second, request, with_role=True) == [*expected, role]


def test_variables_of_a_container() -> None:
    gpu = replace(JOB, request=REQUEST | {"ResourceConfig": {"InstanceType": "ml.g5.xlarge"}})
    service = {"AWS_REGION": "us-east-1", "TRAINING_JOB_NAME": "Name", "TRAINING_JOB_ARN": JOB.arn}
    assert containers.environment(JOB, gpus=False, endpoint=None) == service
    assert containers.environment(gpu, gpus=True, endpoint=None) == service
    assert containers.environment(gpu, gpus=False, endpoint=None) == service | {"TRAINER_WITHOUT_GPU": "allow"}
    with_variables = replace(JOB, request=REQUEST | {"Environment": {"A": "1", "TRAINING_JOB_NAME": "other"}})
    assert containers.environment(with_variables, gpus=False, endpoint=None) == service | {"A": "1"}


def test_variables_with_which_a_container_calls_aws() -> None:
    config, url = "/run/local-cloud/role/config", "http://172.18.0.1:4000"
    called = containers.environment(JOB, gpus=False, endpoint=url)
    assert {"AWS_ENDPOINT_URL": url, "AWS_CONFIG_FILE": config}.items() <= called.items()
    own = replace(JOB, request=REQUEST | {"Environment": {"AWS_ENDPOINT_URL": "http://minio", "AWS_REGION": "x"}})
    called = containers.environment(own, gpus=False, endpoint=url)
    assert (called["AWS_ENDPOINT_URL"], called["AWS_CONFIG_FILE"]) == ("http://minio", config)
    assert called["AWS_REGION"] == "us-east-1"


@pytest.mark.parametrize(
    ("config", "address", "subnet"),
    [
        ([{"Subnet": "172.18.0.0/16", "Gateway": "172.18.0.1"}], "172.18.0.1", "172.18.0.0/16"),
        ([{"Subnet": "10.5.0.0/24"}], "10.5.0.1", "10.5.0.0/24"),
        ([{"Subnet": "fd00::/64"}, {"Subnet": "10.5.0.0/24", "Gateway": "10.5.0.9"}], "10.5.0.9", "10.5.0.0/24"),
    ],
)
def test_the_gateway_of_a_network(config: list[dict[str, str]], address: str, subnet: str) -> None:
    found = network.gateway({"Name": "n", "IPAM": {"Config": config}})
    assert found == (IPv4Address(address), IPv4Network(subnet))


@given(st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=5))
def test_lines_do_not_depend_on_where_the_frames_are_cut(output: bytes, cuts: list[int]) -> None:
    borders = sorted({0, len(output), *(cut for cut in cuts if cut < len(output))})
    frames = [(output[start:end], None) for start, end in itertools.pairwise(borders)]
    *whole, rest = output.split(b"\n")
    expected = [line.decode(errors="replace").rstrip("\r") for line in (*whole, *([rest] if rest else []))]
    assert list(container.split_lines(frames)) == expected


def test_a_line_without_an_end_comes_in_pieces_of_whole_characters(tmp_path: Path) -> None:
    piece = ("x" + "é" * 25_000).encode()
    lines = list(container.split_lines([(piece[:-1], None), *[(piece[-1:] + piece[:-1], None)] * 9]))
    assert [len(line.encode()) for line in lines] == [250_003, 250_005, 3]
    assert "\N{REPLACEMENT CHARACTER}" not in lines[0] + lines[1]
    lines = list(start(tmp_path, "print('é' * 200_000, end='')").lines())
    assert "".join(lines) == "é" * 200_000
    assert max(len(line) for line in lines) < 200_000


def test_lines_of_two_streams_are_not_mixed() -> None:
    frames = [(b"out ", None), (None, b"err\nmore"), (b"put\n", None)]
    assert list(container.split_lines(frames)) == ["err", "out put", "more"]


def test_hosts_folders_are_merged_and_the_first_hosts_file_is_used(tmp_path: Path) -> None:
    for path in ("a/same/x", "a/file", "b/same/x", "b/same/y", "b/file/below"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path)
    (tmp_path / "a" / "link").symlink_to("file")
    (tmp_path / "b" / "link").mkdir()
    listed = {host: ProgramFolder(tmp_path, name).list() for host, name in (("algo-1", "a"), ("algo-2", "b"))}
    found = merge({host: (*one.entries, *one.links) for host, one in listed.items()})
    assert [(entry.path, host) for entry, host in found.entries] == [
        ("file", "algo-1"),
        ("link", "algo-1"),
        ("same", "algo-1"),
        ("same/x", "algo-1"),
        ("same/y", "algo-2"),
    ]
    assert found.conflicts == (
        ("file", "algo-2", "algo-1"),
        ("file/below", "algo-2", "algo-1"),
        ("link", "algo-2", "algo-1"),
        ("same/x", "algo-2", "algo-1"),
    )


def start(root: Path, code: str) -> Process:
    return ProcessExecutor(root, CLOUD, (sys.executable, "-c", code)).start(JOB, layout.Layout(root))


def test_the_first_failure_kills_the_other_programs(tmp_path: Path) -> None:
    programs = {
        "algo-1": start(tmp_path, "import time; time.sleep(100)"),
        "algo-2": start(tmp_path, "exit(3)"),
        "algo-3": start(tmp_path, "exit(0)"),
    }
    assert hosts.wait_for_all(programs, lambda: Instruction.RUN, grace=100) == HostFailure("algo-2", 3, "")
    assert programs["algo-1"].wait(60) == 137


def test_stopped_programs_are_killed_after_the_grace_period(tmp_path: Path) -> None:
    ignores = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(100)"
    )
    exits = "import signal, time; signal.signal(signal.SIGTERM, lambda *_: exit(5)); print(1, flush=True); "
    programs = {"algo-1": start(tmp_path, ignores), "algo-2": start(tmp_path, exits + "time.sleep(100)")}
    for program in programs.values():
        assert next(program.lines()) == "1"
    asked: list[Instruction] = []

    def stop() -> Instruction:
        if asked:  # SIGTERM was sent, and the grace period is over when the second program has ended
            assert programs["algo-2"].wait(60) == 5
        asked.append(Instruction.STOP)
        return Instruction.STOP

    assert hosts.wait_for_all(programs, stop, grace=0) is None
    assert [program.wait(60) for program in programs.values()] == [137, 5]


def image(name: str, layers: str, **members: Any) -> dict[str, Any]:
    label = {"trainyard.tensorflow": "2.21.0"}
    return {"RepoTags": [name], "Config": {"Labels": label}, "RootFS": {"Layers": list(layers)}} | members


AWS = "763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-training"
NO_LABEL = {"Config": {"Labels": None}}


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        ([], None),
        ([image("debian:12", "a", **NO_LABEL)], None),
        ([image("mine:1", "ab")], "mine:1"),
        ([image("trainer:x", "abc"), image("mine:1", "ab")], "mine:1"),
        ([image("new:1", "xy"), image("old:1", "ab")], "new:1"),
        ([image("localhost:4000/trainer:v1", "ab")], None),
        ([image("x", "a", RepoTags=["localhost:4000/t:v1", "mine:1"])], "mine:1"),
        ([image(f"{AWS}:2.21.0-cpu", "ab", **NO_LABEL)], f"{AWS}:2.21.0-cpu"),
        ([image("x", "a", RepoTags=[], RepoDigests=[f"{AWS}@sha256:1"], **NO_LABEL)], f"{AWS}@sha256:1"),
        ([image("my-tensorflow-training:1", "a", **NO_LABEL)], None),
    ],
)
def test_find_base_image(images: list[dict[str, Any]], expected: str | None) -> None:
    assert find_base_image(images) == expected
