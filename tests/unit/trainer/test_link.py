"""The link between hosts, without TensorFlow. Each host is a thread, or a process that may be frozen."""

import signal
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

from tests.unit.trainer.links import connect_all, run_parallel
from tests.unit.trainer.trainer_runs import ROOT, host_names, wait_for
from trainyard.errors import JobError
from trainyard.hosts import link
from trainyard.stop import Stop


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


def test_the_last_message_of_a_host_arrives_also_if_the_host_ends_at_once() -> None:
    chief, other = links = connect_all(host_names(2))
    for _ in range(30):  # then the kernel acknowledges late what arrives, and the host has read no heartbeat
        chief.connections[0].send({"heartbeat": True})
        other.connections[0].receive(60)
        other.connections[0].send({"heartbeat": True})
    chief.connections[0].send({"heartbeat": True})
    chief.leave("no space left")
    chief.close()
    assert str(other.find_lost_host()) == (
        f"The training ended because {links[0].hosts[0]} was lost: no space left. See the log of that host."
    )
    other.close()


CONNECT = """
import sys
from trainyard.stop import Stop
from trainyard.hosts import link
link.HEARTBEAT_SECONDS, link.SILENCE_LIMIT_SECONDS = map(float, sys.argv[1:3])
joined = link.connect(sys.argv[4:], sys.argv[3], Stop(), 60)
print("connected", flush=True)
sys.stdin.readline()
try:
    joined.exchange(1)
except link.HostLostError as lost:
    print(lost.problem, flush=True)
"""


@pytest.mark.e2e
@pytest.mark.parametrize("frozen", [0, 2])
def test_all_other_hosts_name_the_frozen_host(frozen: int) -> None:
    hosts = host_names(3)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CONNECT, "0.1", "2", host, *hosts],
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
    time.sleep(2.5)  # longer than the silence limit: the heartbeats in between must not count as messages
    processes[frozen].send_signal(signal.SIGSTOP)
    others = [process for process in processes if process is not processes[frozen]]
    try:
        for process in others:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        outputs = {process.communicate(timeout=60)[0] for process in others}
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert outputs == {f"The training ended because {hosts[frozen]} was lost: it does not answer.\n"}


@pytest.mark.e2e
def test_a_slow_host_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "HEARTBEAT_SECONDS", 0.1)
    monkeypatch.setattr(link, "SILENCE_LIMIT_SECONDS", 1.5)
    links = connect_all(host_names(3))

    def exchange_late(each: link.Link) -> Any:
        time.sleep(2 if each.index == 1 else 0)
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
    errors = run_parallel(*(lambda host=host: link.connect(hosts, host, Stop(), 3) for host in hosts[:2]))
    assert {error.problem for error in errors} == {f"{hosts[2]} did not appear within 3 seconds."}
    (alone,) = run_parallel(lambda: link.connect(hosts, hosts[1], Stop(), 1))
    assert alone.problem == f"{hosts[0]} did not appear within 1 seconds."
    (unknown,) = run_parallel(lambda: link.connect(["algo-1.invalid", hosts[1]], hosts[1], Stop(), 1))
    assert unknown.problem == "algo-1.invalid did not appear within 1 seconds."


@pytest.mark.e2e
@pytest.mark.parametrize("stopped", [0, 1])
def test_a_stop_of_one_host_ends_the_waiting_of_all(stopped: int) -> None:
    hosts, stops = host_names(3), [Stop(), Stop()]
    # Late enough for a second attempt to connect: on a busy machine the first one can come before the chief listens.
    threading.Timer(1.5, lambda: setattr(stops[stopped], "requested", True)).start()
    waiting = [lambda number=number: link.connect(hosts, hosts[number], stops[number], 60) for number in range(2)]
    assert run_parallel(*waiting) == [None, None]


def test_a_host_of_another_job_is_refused() -> None:
    with pytest.raises(JobError, match="This host, algo-3, is not one of the job's hosts: algo-1, algo-2"):
        link.connect(["algo-1", "algo-2"], "algo-3", Stop(), 1)


def test_all_hosts_have_the_same_port_by_default() -> None:
    assert link.address("algo-1") == ("algo-1", link.PORT)
    assert link.address("127.0.0.1:4000") == ("127.0.0.1", 4000)
