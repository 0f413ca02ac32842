"""Several hosts train one model: processes with a port each, as the facts of a job tell them of each other."""

import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.trainer.trainer_runs import (
    ROOT,
    SMALL,
    Base,
    Hosts,
    ended,
    equal,
    free_ports,
    wait_for,
    weights,
)
from trainer.contract.errors import JobError
from trainer.contract.stop import Stop
from trainer.hosts import link

EPOCHS = {**SMALL, "epochs": "4"}
ENDLESS = {**EPOCHS, "epochs": "5000"}


def made(root: Path, digits: Path, **hyperparameters: str) -> Hosts:
    hosts = Hosts(root, 2, **hyperparameters)
    return hosts.channel("training", digits / "training").channel("validation", digits / "validation")


def files(base: Base) -> list[str]:
    """What a host left."""
    return sorted(path.name for path in base.root.iterdir() if path.name != "input")


# The link alone, without TensorFlow: hosts are threads.


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What each call gives or raises, all made at the same time."""
    results: list[Any] = [None] * len(calls)

    def run(number: int) -> None:
        try:
            results[number] = calls[number]()
        except JobError as error:
            results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    return results


def names(count: int) -> list[str]:
    return [f"127.0.0.1:{port}" for port in free_ports(count)]


def met(hosts: list[str]) -> list[link.Link]:
    return at_once(*(lambda host=host: link.meet(hosts, host, Stop(), 10) for host in hosts))


def test_hosts_tell_each_other_in_their_order() -> None:
    links = met(names(3))
    for turn in range(3):
        told = at_once(*(lambda each=each, turn=turn: each.exchange([turn, each.index]) for each in links))
        assert told == [[[turn, 0], [turn, 1], [turn, 2]]] * 3
    assert link.meet(["algo-1"], "algo-1", Stop(), 1).exchange(5) == [5]  # type: ignore[union-attr]


def test_a_host_that_is_lost_is_named_on_all_others() -> None:
    hosts = names(3)
    links = met(hosts)
    links[1].close()
    lost = at_once(lambda: links[0].exchange(1), lambda: links[2].exchange(1))
    assert [error.host for error in lost] == [hosts[1]] * 2
    assert str(lost[0]) == f"{hosts[1]} was lost, and with it the training. Its log says more."


def test_why_a_host_left_is_told() -> None:
    links = met(hosts := names(3))
    links[2].leave("no space left")
    lost = at_once(links[0].lost, links[1].lost)
    assert [str(error) for error in lost] == [
        f"{hosts[2]} was lost, and with it the training: no space left. Its log says more."
    ] * 2
    assert links[0].lost(0.1) is None


MEETING = """
import sys
from trainer.contract.stop import Stop
from trainer.hosts import link
link.BEAT, link.SILENCE = map(float, sys.argv[1:3])
met = link.meet(sys.argv[4:], sys.argv[3], Stop(), 30)
print("met", flush=True)
sys.stdin.readline()
try:
    met.exchange(1)
except link.HostLostError as lost:
    print(lost.problem, flush=True)
"""


@pytest.mark.parametrize("frozen", [0, 2])
def test_a_host_that_is_frozen_is_named_on_all_others(frozen: int) -> None:
    hosts = names(3)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", MEETING, "0.1", "1", host, *hosts],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for host in hosts
    ]
    for process in processes:
        wait_for(process, "met")
    time.sleep(1.5)  # longer than the silence that is too long: beats have been heard meanwhile, and count for nothing
    processes[frozen].send_signal(signal.SIGSTOP)
    others = [process for process in processes if process is not processes[frozen]]
    try:
        for process in others:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        told = {process.communicate(timeout=20)[0] for process in others}
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert told == {f"{hosts[frozen]} was lost, and with it the training: it does not answer.\n"}


def test_a_host_that_is_slow_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "BEAT", 0.1)
    monkeypatch.setattr(link, "SILENCE", 0.5)
    links = met(names(3))

    def late(each: link.Link) -> Any:
        time.sleep(1.2 if each.index == 1 else 0)
        return each.exchange(each.index)

    assert at_once(*(lambda each=each: late(each) for each in links)) == [[0, 1, 2]] * 3
    assert links[1].lost(0.3) is None
    links[0].leave("no space left")  # after beats, and maybe in one packet with some
    assert str(links[2].lost()) == (
        f"{links[0].hosts[0]} was lost, and with it the training: no space left. Its log says more."
    )
    for each in links:
        each.close()


@pytest.mark.e2e
def test_a_host_that_never_appears_is_named() -> None:
    hosts = names(3)
    some = at_once(*(lambda host=host: link.meet(hosts, host, Stop(), 1.5) for host in hosts[:2]))
    assert {error.problem for error in some} == {f"{hosts[2]} did not appear within 1.5 seconds."}
    (alone,) = at_once(lambda: link.meet(hosts, hosts[1], Stop(), 1))
    assert alone.problem == f"{hosts[0]} did not appear within 1 seconds."
    (nameless,) = at_once(lambda: link.meet(["algo-1.invalid", hosts[1]], hosts[1], Stop(), 1))
    assert nameless.problem == "algo-1.invalid did not appear within 1 seconds."


@pytest.mark.parametrize("told", [0, 1])
def test_a_stop_of_one_ends_the_waiting_of_all(told: int) -> None:
    hosts, stops = names(3), [Stop(), Stop()]
    threading.Timer(0.3, lambda: setattr(stops[told], "requested", True)).start()
    began = time.monotonic()
    waiting = [lambda number=number: link.meet(hosts, hosts[number], stops[number], 60) for number in range(2)]
    assert at_once(*waiting) == [None, None]
    assert time.monotonic() - began < 10


def test_a_host_of_another_job_is_refused() -> None:
    with pytest.raises(JobError, match="This host, algo-3, is none of the job's: algo-1, algo-2"):
        link.meet(["algo-1", "algo-2"], "algo-3", Stop(), 1)


def test_all_have_one_port_unless_it_is_written() -> None:
    assert link.address("algo-1") == ("algo-1", link.PORT)
    assert link.address("127.0.0.1:4000") == ("127.0.0.1", 4000)


# Whole trainings.


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory, digits: Path) -> Hosts:
    """Two hosts that trained to the end."""
    hosts = made(tmp_path_factory.mktemp("two"), digits, **EPOCHS)
    for each in hosts.train():
        assert (each.returncode, each.stderr) == (0, "")
    return hosts


@pytest.mark.e2e
def test_only_the_first_host_leaves_files_and_reports(two: Hosts) -> None:
    assert files(two.bases[0]) == ["checkpoints", "model", "output"]
    assert files(two.bases[1]) == []


@pytest.mark.e2e
@pytest.mark.parametrize("stopped", [(1,), (0, 1)])
def test_stopped_and_started_again_two_end_as_if_nothing_had_happened(
    two: Hosts, tmp_path: Path, digits: Path, stopped: tuple[int, ...]
) -> None:
    hosts = made(tmp_path, digits, **EPOCHS)
    processes = hosts.start()
    wait_for(processes[0], "epoch=1 ")
    for number in stopped:
        processes[number].send_signal(signal.SIGTERM)
    chief, other = ended(processes)
    assert [chief.returncode, other.returncode] == [0, 0], chief.stderr + other.stderr
    assert "stopped after step" in chief.stdout
    assert not any((base.root / "output" / "failure").exists() for base in hosts.bases)
    at = hosts.bases[0].steps[-1]
    assert 10 <= at < 40
    assert hosts.bases[1].steps == []

    # S3 gives the checkpoints back to every host.
    shutil.copytree(hosts.bases[0].root / "checkpoints", hosts.bases[1].root / "checkpoints")
    for each in hosts.train():
        assert each.returncode == 0, each.stderr
    assert equal(weights(hosts.bases[0]), weights(two.bases[0]))
    kept = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")
    histories = [
        [[epoch[name] for name in kept] for epoch in each.bases[0].history["history"]] for each in (hosts, two)
    ]
    assert histories[0] == histories[1]


@pytest.mark.e2e
def test_hosts_with_other_checkpoints_do_not_go_on(two: Hosts, tmp_path: Path, digits: Path) -> None:
    hosts = made(tmp_path, digits, **EPOCHS)
    shutil.copytree(two.bases[0].root / "checkpoints", hosts.bases[0].root / "checkpoints")
    assert [each.returncode for each in hosts.train()] == [1, 1]
    steps = f"{hosts.names[0]} has those of the steps [40], {hosts.names[1]} has those of the steps []"
    assert steps in hosts.bases[0].failure


@pytest.mark.e2e
@pytest.mark.parametrize("lost", [0, 1])
def test_where_one_is_killed_the_other_ends_with_that_reason(tmp_path: Path, digits: Path, lost: int) -> None:
    hosts = made(tmp_path, digits, **ENDLESS)
    processes = hosts.start()
    wait_for(processes[0], "epoch=1 ")
    processes[lost].kill()
    began = time.monotonic()
    left = ended(processes)[1 - lost]
    assert time.monotonic() - began < 60
    assert left.returncode == 1, left.stderr
    assert hosts.bases[1 - lost].failure.startswith(f"{hosts.names[lost]} was lost, and with it the training")


# A minute of silence makes a host lost, to us and to TensorFlow; here eight seconds.
IMPATIENT = """
import functools
from tensorflow.python.eager.context import Context
from trainer.hosts import link
link.BEAT, link.SILENCE = 0.5, 8.0
link.Link.lost.__defaults__ = (2.0,)
Context.configure_coordination_service = functools.partialmethod(
    Context.configure_coordination_service, heartbeat_timeout_in_ms=8000)
"""


@pytest.mark.e2e
@pytest.mark.parametrize("frozen", [0, 1])
def test_where_one_is_frozen_the_other_ends_with_that_reason(tmp_path: Path, digits: Path, frozen: int) -> None:
    hosts = made(tmp_path, digits, **ENDLESS)
    for base in hosts.bases:
        base.prelude = IMPATIENT
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
    assert hosts.bases[1 - frozen].failure.startswith(f"{hosts.names[frozen]} was lost, and with it the training")


@pytest.mark.e2e
def test_the_reason_of_one_is_the_reason_of_all(tmp_path: Path, digits: Path) -> None:
    hosts = Hosts(tmp_path / "jobs", 2, **EPOCHS)
    fewer = tmp_path / "fewer"
    shutil.copytree(digits / "training", fewer)
    next((fewer / "0").iterdir()).write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    hosts.channel("training", digits / "training", fewer)
    assert [each.returncode for each in hosts.train()] == [1, 1]
    assert hosts.bases[1].failure.startswith("1 of 600 files cannot be read as images")
    assert hosts.bases[0].failure.startswith(f"{hosts.names[1]} was lost, and with it the training: 1 of 600 files")


@pytest.mark.e2e
def test_a_batch_that_does_not_divide_is_refused(tmp_path: Path, digits: Path) -> None:
    hosts = made(tmp_path, digits, **EPOCHS, batch_size="33")
    assert [each.returncode for each in hosts.train()] == [1, 1]
    assert hosts.bases[0].failure == (
        "batch_size=33 cannot be dealt out evenly to 2 devices on 2 hosts. "
        "It counts the images of a step on all of them: take a multiple of 2, such as 34."
    )


@pytest.mark.e2e
def test_each_host_trains_on_its_own_files_where_they_are_sharded(tmp_path: Path, digits: Path) -> None:
    """Uneven, and neither host has all labels."""
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
    assert chief.stdout.startswith("600 training images of 10 labels, 200 validation images")
    counts = [sum(1 for _ in shard.glob("*/*")) for shard in shards]
    assert hosts.bases[0].history["steps_planned"] == 4 * -(-max(counts) // 32)
    assert hosts.bases[0].history["history"][-1]["val_accuracy"] > 0.5


@pytest.mark.e2e
def test_a_host_that_never_starts_is_named(tmp_path: Path, digits: Path) -> None:
    hosts = made(tmp_path, digits, **EPOCHS)
    hosts.bases[0].environment["TRAINER_HOSTS_SECONDS"] = "2"
    assert hosts.bases[0].train().returncode == 1
    assert hosts.bases[0].failure.startswith(f"{hosts.names[1]} did not appear within 2 seconds.")


@pytest.mark.e2e
def test_a_host_that_waits_heeds_a_stop(tmp_path: Path, digits: Path) -> None:
    hosts = made(tmp_path, digits, **EPOCHS)
    with socket.create_server(link.address(hosts.names[0])) as chief:  # which answers nothing
        process = hosts.bases[1].start()
        chief.settimeout(60)
        with chief.accept()[0]:
            process.send_signal(signal.SIGTERM)
    (left,) = ended([process], 40)
    assert (left.returncode, left.stderr) == (0, "")
    assert left.stdout == "stopped while waiting for other hosts: nothing was trained\n"
