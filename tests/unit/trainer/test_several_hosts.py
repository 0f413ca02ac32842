"""Several hosts train one model. Here each host is a process with its own port."""

import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.unit.trainer.links import connect_all, host_names, run_parallel
from tests.unit.trainer.trainer_runs import (
    ROOT,
    SMALL,
    Base,
    Hosts,
    equal,
    wait_for,
    wait_for_all,
    weights,
)
from trainyard.errors import JobError
from trainyard.hosts import link
from trainyard.stop import Stop

# With an average of the weights and parts of a batch, which devices and hosts hold in other ways than one device.
EPOCHS = {
    **SMALL,
    "epochs": "4",
    "ema": "0.9",
    "accumulate_steps": "2",
    "mixup": "0.2",
    "augmentation": "standard",
    "train_layers": "last_10",
}
# For runs that are ended from outside: nothing that would take longer to compile.
ENDLESS = {**SMALL, "epochs": "5000"}


def make_hosts(root: Path, digits: Path, **hyperparameters: str) -> Hosts:
    hosts = Hosts(root, 2, **hyperparameters)
    return hosts.channel("training", digits / "training").channel("validation", digits / "validation")


def written_files(base: Base) -> list[str]:
    """The files and folders that a host has written."""
    return sorted(path.name for path in base.root.iterdir() if path.name != "input")


# Tests of the link, without TensorFlow. Each host is a thread.


def test_exchange_returns_the_values_in_the_order_of_the_hosts() -> None:
    links = connect_all(host_names(3))
    for turn in range(3):
        values = run_parallel(*(lambda each=each, turn=turn: each.exchange([turn, each.index]) for each in links))
        assert values == [[[turn, 0], [turn, 1], [turn, 2]]] * 3
    assert link.connect(["algo-1"], "algo-1", Stop(), 1).exchange(5) == [5]  # type: ignore[union-attr]


def test_all_other_hosts_name_the_lost_host() -> None:
    hosts = host_names(3)
    links = connect_all(hosts)
    links[1].close()
    lost = run_parallel(lambda: links[0].exchange(1), lambda: links[2].exchange(1))
    assert [error.host for error in lost] == [hosts[1]] * 2
    assert str(lost[0]) == f"The training ended because {hosts[1]} was lost. See the log of that host."


def test_all_other_hosts_get_the_reason_why_a_host_left() -> None:
    links = connect_all(hosts := host_names(3))
    links[2].leave("no space left")
    lost = run_parallel(links[0].find_lost_host, links[1].find_lost_host)
    assert [str(error) for error in lost] == [
        f"The training ended because {hosts[2]} was lost: no space left. See the log of that host."
    ] * 2
    assert links[0].find_lost_host(0.1) is None


CONNECT = """
import sys
from trainyard.stop import Stop
from trainyard.hosts import link
link.HEARTBEAT_SECONDS, link.SILENCE_LIMIT_SECONDS = map(float, sys.argv[1:3])
joined = link.connect(sys.argv[4:], sys.argv[3], Stop(), 30)
print("connected", flush=True)
sys.stdin.readline()
try:
    joined.exchange(1)
except link.HostLostError as lost:
    print(lost.problem, flush=True)
"""


@pytest.mark.parametrize("frozen", [0, 2])
def test_all_other_hosts_name_the_frozen_host(frozen: int) -> None:
    hosts = host_names(3)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CONNECT, "0.1", "1", host, *hosts],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for host in hosts
    ]
    for process in processes:
        wait_for(process, "connected")
    time.sleep(1.5)  # longer than the silence limit: the heartbeats in between must not count as messages
    processes[frozen].send_signal(signal.SIGSTOP)
    others = [process for process in processes if process is not processes[frozen]]
    try:
        for process in others:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        outputs = {process.communicate(timeout=20)[0] for process in others}
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert outputs == {f"The training ended because {hosts[frozen]} was lost: it does not answer.\n"}


def test_a_slow_host_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "HEARTBEAT_SECONDS", 0.1)
    monkeypatch.setattr(link, "SILENCE_LIMIT_SECONDS", 0.5)
    links = connect_all(host_names(3))

    def exchange_late(each: link.Link) -> Any:
        time.sleep(1.2 if each.index == 1 else 0)
        return each.exchange(each.index)

    assert run_parallel(*(lambda each=each: exchange_late(each) for each in links)) == [[0, 1, 2]] * 3
    assert links[1].find_lost_host(0.3) is None
    links[0].leave("no space left")  # after heartbeats, perhaps in one packet with some
    assert str(links[2].find_lost_host()) == (
        f"The training ended because {links[0].hosts[0]} was lost: no space left. See the log of that host."
    )
    for each in links:
        each.close()


@pytest.mark.e2e
def test_the_error_names_a_host_that_never_appears() -> None:
    hosts = host_names(3)
    errors = run_parallel(*(lambda host=host: link.connect(hosts, host, Stop(), 1.5) for host in hosts[:2]))
    assert {error.problem for error in errors} == {f"{hosts[2]} did not appear within 1.5 seconds."}
    (alone,) = run_parallel(lambda: link.connect(hosts, hosts[1], Stop(), 1))
    assert alone.problem == f"{hosts[0]} did not appear within 1 seconds."
    (unknown,) = run_parallel(lambda: link.connect(["algo-1.invalid", hosts[1]], hosts[1], Stop(), 1))
    assert unknown.problem == "algo-1.invalid did not appear within 1 seconds."


@pytest.mark.parametrize("stopped", [0, 1])
def test_a_stop_of_one_host_ends_the_waiting_of_all(stopped: int) -> None:
    hosts, stops = host_names(3), [Stop(), Stop()]
    # Late enough for a second attempt to connect: on a busy machine the first one can come before the chief listens.
    threading.Timer(1.5, lambda: setattr(stops[stopped], "requested", True)).start()
    began = time.monotonic()
    waiting = [lambda number=number: link.connect(hosts, hosts[number], stops[number], 60) for number in range(2)]
    assert run_parallel(*waiting) == [None, None]
    assert time.monotonic() - began < 10


def test_a_host_of_another_job_is_refused() -> None:
    with pytest.raises(JobError, match="This host, algo-3, is not one of the job's hosts: algo-1, algo-2"):
        link.connect(["algo-1", "algo-2"], "algo-3", Stop(), 1)


def test_all_hosts_have_the_same_port_by_default() -> None:
    assert link.address("algo-1") == ("algo-1", link.PORT)
    assert link.address("127.0.0.1:4000") == ("127.0.0.1", 4000)


# Complete trainings.


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory, digits: Path) -> Hosts:
    """Two hosts that trained to the end."""
    hosts = make_hosts(tmp_path_factory.mktemp("two"), digits, **EPOCHS)
    for each in hosts.train():
        assert (each.returncode, each.stderr) == (0, "")
    return hosts


@pytest.mark.e2e
def test_only_the_first_host_writes_files(two: Hosts) -> None:
    assert written_files(two.bases[0]) == ["checkpoints", "model", "output"]
    assert written_files(two.bases[1]) == []


@pytest.mark.e2e
def test_two_hosts_that_were_stopped_and_killed_give_the_results_of_an_uninterrupted_run(
    two: Hosts, tmp_path: Path, digits: Path
) -> None:
    """Half a minute: two hosts start three times, and each compiles its steps. One is stopped, then both are killed."""
    hosts, reached = make_hosts(tmp_path, digits, **EPOCHS, checkpoint_steps="7"), 10
    for ended, how, epoch in (((1,), signal.SIGTERM, 1), ((0, 1), signal.SIGKILL, 2)):
        processes = hosts.start()
        wait_for(processes[0], f"epoch={epoch} ")
        for number in ended:
            processes[number].send_signal(how)
        chief, other = wait_for_all(processes)
        if how == signal.SIGTERM:
            assert [chief.returncode, other.returncode] == [0, 0], chief.stderr + other.stderr
            assert "stopped after step" in chief.stdout
            assert not any((base.root / "output" / "failure").exists() for base in hosts.bases)
        assert reached <= max(hosts.bases[0].steps) < 40
        assert [step for step in hosts.bases[1].steps if step > reached] == []  # the second host writes none
        reached = max(hosts.bases[0].steps)

        # S3 gives the checkpoints back to every host.
        shutil.copytree(hosts.bases[0].root / "checkpoints", hosts.bases[1].root / "checkpoints", dirs_exist_ok=True)
    for each in hosts.train():
        assert each.returncode == 0, each.stderr
    assert equal(weights(hosts.bases[0]), weights(two.bases[0]))
    metrics = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")
    histories = [
        [[epoch[name] for name in metrics] for epoch in each.bases[0].history["history"]] for each in (hosts, two)
    ]
    assert histories[0] == histories[1]


@pytest.mark.e2e
def test_hosts_with_different_checkpoints_do_not_resume(two: Hosts, tmp_path: Path, digits: Path) -> None:
    hosts = make_hosts(tmp_path, digits, **EPOCHS)
    shutil.copytree(two.bases[0].root / "checkpoints", hosts.bases[0].root / "checkpoints")
    assert [each.returncode for each in hosts.train()] == [1, 1]
    steps = sorted(two.bases[0].steps, reverse=True)  # 40, and on a slow machine also one after 30 seconds
    assert f"{hosts.names[0]} has the steps {steps}, {hosts.names[1]} has the steps []" in hosts.bases[0].failure


@pytest.mark.e2e
@pytest.mark.parametrize("lost", [0, 1])
def test_if_one_host_is_killed_the_other_ends_with_that_reason(tmp_path: Path, digits: Path, lost: int) -> None:
    hosts = make_hosts(tmp_path, digits, **ENDLESS)
    processes = hosts.start()
    wait_for(processes[0], "epoch=1 ")
    processes[lost].kill()
    began = time.monotonic()
    remaining = wait_for_all(processes)[1 - lost]
    assert time.monotonic() - began < 60
    assert remaining.returncode == 1, remaining.stderr
    assert hosts.bases[1 - lost].failure.startswith(f"The training ended because {hosts.names[lost]} was lost")


# Normally a host is lost after a minute of silence, in the link and in TensorFlow; here after eight seconds.
SHORT_LIMITS = """
import functools
from tensorflow.python.eager.context import Context
from trainyard.hosts import link
link.HEARTBEAT_SECONDS, link.SILENCE_LIMIT_SECONDS = 0.5, 8.0
link.Link.find_lost_host.__defaults__ = (2.0,)
Context.configure_coordination_service = functools.partialmethod(
    Context.configure_coordination_service, heartbeat_timeout_in_ms=8000)
"""


@pytest.mark.e2e
@pytest.mark.parametrize("frozen", [0, 1])
def test_if_one_host_is_frozen_the_other_ends_with_that_reason(tmp_path: Path, digits: Path, frozen: int) -> None:
    """Twenty seconds: two hosts train, and one waits for the silence of the other."""
    hosts = make_hosts(tmp_path, digits, **ENDLESS)
    for base in hosts.bases:
        base.prelude = SHORT_LIMITS
    processes = hosts.start()
    wait_for(processes[0], "epoch=1 ")
    processes[frozen].send_signal(signal.SIGSTOP)
    began = time.monotonic()
    try:
        processes[1 - frozen].communicate(timeout=100)
    finally:
        for process in processes:
            process.kill()
    assert time.monotonic() - began < 90
    assert hosts.bases[1 - frozen].failure.startswith(f"The training ended because {hosts.names[frozen]} was lost")


@pytest.mark.e2e
def test_an_error_on_one_host_is_the_reason_on_all(tmp_path: Path, digits: Path) -> None:
    hosts = Hosts(tmp_path / "jobs", 2, **EPOCHS)
    fewer = tmp_path / "fewer"
    shutil.copytree(digits / "training", fewer)
    next((fewer / "0").iterdir()).write_bytes(b"\x89PNG\r\n\x1a\n cut off")
    hosts.channel("training", digits / "training", fewer)
    assert [each.returncode for each in hosts.train()] == [1, 1]
    assert hosts.bases[1].failure.startswith("1 of 600 files cannot be read as images")
    assert hosts.bases[0].failure.startswith(f"The training ended because {hosts.names[1]} was lost: 1 of 600 files")


@pytest.mark.e2e
def test_a_batch_size_that_is_not_a_multiple_of_the_devices_is_refused(tmp_path: Path, digits: Path) -> None:
    hosts = make_hosts(tmp_path, digits, **{**EPOCHS, "accumulate_steps": "1"}, batch_size="33")
    assert [each.returncode for each in hosts.train()] == [1, 1]
    assert hosts.bases[0].failure == (
        "batch_size=33 cannot be divided equally among 2 devices on 2 hosts. "
        "It is the number of examples of a step on all devices: set a multiple of 2, such as 34."
    )


@pytest.mark.e2e
def test_with_sharded_channels_each_host_trains_on_its_own_files(tmp_path: Path, digits: Path) -> None:
    """The shards have different sizes, and neither host has all labels.

    Twenty seconds: two hosts start, and each compiles its steps.
    """
    hosts = Hosts(tmp_path / "jobs", 2, **EPOCHS)
    shards = [tmp_path / "a", tmp_path / "b"]
    for number in range(10):
        for place, image in enumerate(sorted((digits / "training" / str(number)).iterdir())):
            into = shards[0 if number == 3 or (place % 3 and number != 7) else 1] / str(number)
            into.mkdir(parents=True, exist_ok=True)
            shutil.copy(image, into)
    hosts.channel("training", *shards).channel("validation", digits / "validation")
    for base in hosts.bases:
        base.configure(inputdataconfig={"training": {"S3DistributionType": "ShardedByS3Key"}, "validation": {}})
    chief, other = hosts.train()
    assert (chief.returncode, other.returncode) == (0, 0), chief.stderr + other.stderr
    assert "\n600 training images of 10 labels, 200 validation images" in chief.stdout
    counts = [sum(1 for _ in shard.glob("*/*")) for shard in shards]
    assert hosts.bases[0].history["steps_planned"] == 4 * -(-max(counts) // 32)
    assert hosts.bases[0].history["history"][-1]["val_accuracy"] > 0.5


@pytest.mark.e2e
def test_the_failure_file_names_a_host_that_never_starts(tmp_path: Path, digits: Path) -> None:
    hosts = make_hosts(tmp_path, digits, **EPOCHS)
    hosts.bases[0].environment["TRAINER_HOSTS_SECONDS"] = "2"
    assert hosts.bases[0].train().returncode == 1
    assert hosts.bases[0].failure.startswith(f"{hosts.names[1]} did not appear within 2 seconds.")


@pytest.mark.e2e
def test_a_waiting_host_stops_on_sigterm(tmp_path: Path, digits: Path) -> None:
    hosts = make_hosts(tmp_path, digits, **EPOCHS)
    with socket.create_server(link.address(hosts.names[0])) as chief:  # accepts connections, but never answers
        process = hosts.bases[1].start()
        chief.settimeout(60)
        with chief.accept()[0]:
            process.send_signal(signal.SIGTERM)
    (result,) = wait_for_all([process], 40)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "stopped while waiting for other hosts: nothing was trained\n"
