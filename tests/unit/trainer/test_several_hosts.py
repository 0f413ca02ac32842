"""Several hosts and devices train one model, with the losses of one device. Each host is a process of its own."""

import json
import shutil
import signal
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.unit.trainer.device_runs import train_on_devices
from tests.unit.trainer.forked import Program
from tests.unit.trainer.trainer_runs import (
    ROOT,
    SIGNAL_AFTER,
    SMALL,
    Base,
    Hosts,
    environment,
    host_names,
    wait_for,
    wait_for_all,
)
from trainyard.hosts import link

pytestmark = pytest.mark.e2e

# Three epochs of 18 or 19 steps, at the default learning rate. Several devices add in another order, so the last digits
# differ. Sometimes this puts a feature on the other side of 0, and the difference grows at once. Over 8 epochs, losses
# differ by at most 8e-5; validation losses, which depend on a few images, by at most 9e-4. At five times the
# learning rate, the difference exceeds the limit in the second epoch; with varied images, which the network learns more
# slowly, in the third (1.2e-4 with light). That these images are the same is a test of its own (test_augmentation.py).
SETTINGS = {
    **SMALL,
    "epochs": "3",
    "dropout": "0.3",
    "batch_size": "32",
    "learning_rate": "0.001",
    "augmentation": "none",
}


def make_hosts(root: Path, digits: Path, **hyperparameters: str) -> Hosts:
    hosts = Hosts(root, 2, **hyperparameters)
    return hosts.channel("training", digits / "training").channel("validation", digits / "validation")


def make_base(root: Path, digits: Path, **hyperparameters: str) -> Base:
    base = Base(root).configure(hyperparameters={**SETTINGS, **hyperparameters})
    return base.channel("training", digits / "training").channel("validation", digits / "validation")


def losses(base: Base, name: str = "loss") -> list[float]:
    return [epoch[name] for epoch in base.history["history"]]


def assert_equal_losses(base: Base, other: Base) -> None:
    assert losses(base) == pytest.approx(losses(other), abs=1e-4, rel=0)
    assert losses(base, "val_loss") == pytest.approx(losses(other, "val_loss"), abs=1e-3, rel=0)


def written_files(base: Base) -> list[str]:
    """The files and folders that a host has written."""
    return sorted(path.name for path in base.root.iterdir() if path.name != "input")


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, digits: Path) -> Base:
    """A run on one device."""
    base = make_base(tmp_path_factory.mktemp("alone") / "ml", digits)
    result = base.train()
    assert result.returncode == 0, result.stderr
    return base


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory, digits: Path) -> Hosts:
    """Two hosts of which the second was killed in the second epoch."""
    hosts = make_hosts(tmp_path_factory.mktemp("killed"), digits, **SETTINGS, checkpoint_steps="7")
    hosts.bases[1].prelude = SIGNAL_AFTER.format(step=25, number=int(signal.SIGKILL))
    chief, other = hosts.train()
    assert (chief.returncode, other.returncode) == (1, -signal.SIGKILL), chief.stderr
    return hosts


@pytest.fixture(scope="module")
def stopped(killed: Hosts, tmp_path_factory: pytest.TempPathFactory, digits: Path) -> Hosts:
    """Two hosts that resumed the run of the killed ones; the second got a SIGTERM in the third epoch."""
    # Steps are counted from one checkpoint to the next: on a fast machine, one call would do the whole epoch.
    hosts = make_hosts(tmp_path_factory.mktemp("stopped"), digits, **SETTINGS, checkpoint_steps="7")
    give_checkpoints(killed, *hosts.bases)
    hosts.bases[1].prelude = SIGNAL_AFTER.format(step=38, number=int(signal.SIGTERM))
    chief, other = hosts.train()
    assert [(each.returncode, each.stderr) for each in (chief, other)] == [(0, "")] * 2
    assert f"step {max(killed.bases[0].steps)} of 57\n" in chief.stdout
    assert "stopped after step" in chief.stdout
    return hosts


def give_checkpoints(hosts: Hosts, *bases: Base) -> None:
    """Copy the checkpoints of the first host, as S3 gives them back to every host."""
    for base in bases:
        shutil.copytree(hosts.bases[0].root / "checkpoints", base.root / "checkpoints")


def test_if_one_host_is_killed_the_training_of_the_other_ends_with_that_reason(killed: Hosts) -> None:
    assert killed.bases[0].failure.startswith(f"The training ended because {killed.names[1]} was lost")
    assert 14 <= max(killed.bases[0].steps) < 38


def test_a_stop_of_one_host_ends_both_and_only_the_first_writes_files(killed: Hosts, stopped: Hosts) -> None:
    assert written_files(killed.bases[1]) == []
    assert written_files(stopped.bases[0]) == ["checkpoints", "model", "output"]
    assert written_files(stopped.bases[1]) == ["checkpoints"]
    assert stopped.bases[1].steps == killed.bases[0].steps  # as S3 gave them
    assert not (stopped.bases[0].root / "output" / "failure").exists()
    assert 38 < max(stopped.bases[0].steps) < 57


def test_a_run_that_was_killed_and_stopped_on_two_hosts_ends_on_two_devices_with_the_losses_of_one(
    stopped: Hosts, alone: Base, tmp_path: Path, digits: Path
) -> None:
    """The first epoch is of two hosts, the second of the two that resumed, and the third of two devices."""
    base = make_base(tmp_path / "ml", digits)
    give_checkpoints(stopped, base)
    result = train_on_devices(base, 2)
    assert result.returncode == 0, result.stderr
    step = max(stopped.bases[0].steps)
    assert f"step {step} of 57\nnote: hosts 2 before, 1 now: the order of the examples" in result.stdout
    assert_equal_losses(base, alone)


def test_another_dropout_gives_other_losses(alone: Base, tmp_path: Path, digits: Path) -> None:
    """The negative control: with other masks of almost the same rate, the losses differ by more than the limit."""
    base = make_base(tmp_path / "ml", digits, dropout="0.301", epochs="1", schedule_epochs="3")
    assert base.train().returncode == 0
    assert losses(base) != pytest.approx(losses(alone)[:1], abs=1e-4, rel=0)


def test_hosts_with_different_checkpoints_do_not_resume(stopped: Hosts, tmp_path: Path, digits: Path) -> None:
    hosts = make_hosts(tmp_path, digits, **SETTINGS)
    give_checkpoints(stopped, hosts.bases[0])
    assert [each.returncode for each in hosts.train()] == [1, 1]
    steps = sorted(stopped.bases[0].steps, reverse=True)
    assert f"{hosts.names[0]} has the steps {steps}, {hosts.names[1]} has the steps []" in hosts.bases[0].failure


# The hosts add up a number without end, as the steps of a training do. Normally a host is lost after a minute of
# silence, in the link and in TensorFlow; here after eight seconds.
ADDING = """
import functools, os, sys
import tensorflow as tf
from tensorflow.python.eager.context import Context
from trainyard.errors import JobError
from trainyard.hosts import cluster, link
from trainyard.stop import Stop

link.HEARTBEAT_SECONDS, link.SILENCE_LIMIT_SECONDS = 0.5, 8.0
link.Link.find_lost_host.__defaults__ = (2.0,)
Context.configure_coordination_service = functools.partialmethod(
    Context.configure_coordination_service, heartbeat_timeout_in_ms=8000)
current, *hosts = sys.argv[1:]
team = cluster.join(hosts, current, Stop(), os.environ)
one = lambda: tf.distribute.get_replica_context().all_reduce("SUM", tf.constant(1.0))
add = tf.function(lambda: team.strategy.run(one), autograph=False)
try:
    with team.end_together():
        print("the sum is", int(add()), flush=True)
        while True:
            add()
except JobError as error:
    print(error.problem, flush=True)
"""


@pytest.mark.parametrize("lost", [0, 1])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_if_one_host_is_killed_or_frozen_the_other_ends_with_that_reason(lost: int, how: signal.Signals) -> None:
    hosts = host_names(2)
    processes = [Program(["-c", ADDING, host, *hosts], ROOT, environment(TRAINER_HOSTS_SECONDS="60")) for host in hosts]
    try:
        for process in processes:
            wait_for(process, "the sum is 2")
        processes[lost].send_signal(how)
        output, _ = processes[1 - lost].communicate(timeout=100)
    finally:
        for process in processes:
            process.kill()
    assert output.startswith(f"The training ended because {hosts[lost]} was lost")


# A host gets SIGTERM while TensorFlow handles it, which it does from the creation of the strategy on.
JOINING = """
import os, signal, sys, time
from trainyard.hosts import cluster
from trainyard.stop import Stop

strategy = cluster._strategy
def made_and_stopped(*arguments):
    made = strategy(*arguments)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(0.2)  # in this time, another thread would take it
    return made
cluster._strategy = made_and_stopped
stop, current, hosts = Stop(), sys.argv[1], sys.argv[2:]
with cluster.join(hosts, current, stop, os.environ).end_together():
    print(stop.requested)
"""


def test_a_stop_while_tensorflow_is_set_up_is_not_lost() -> None:
    hosts = host_names(2)
    variables = environment(TRAINER_HOSTS_SECONDS="60")
    ended = wait_for_all([Program(["-c", JOINING, host, *hosts], ROOT, variables) for host in hosts])
    assert [(each.returncode, each.stdout) for each in ended] == [(0, "True\n")] * 2, ended[0].stderr


# What each host reads of its own files; it prints its training images and validation images, and what it draws.
SHARDED = """
import json, os
from collections import Counter
from pathlib import Path
from trainer.contract.folders import Folders
from trainer.contract.job import read_job
from trainer.images import host_input
from trainyard.hosts import cluster
from trainyard.stop import Stop

job = read_job(Folders.of(os.environ), [], os.environ)
team = cluster.join(job.hosts, job.current_host, Stop(), os.environ)
with team.end_together():
    data = host_input.read(job, job.hyperparameters, team)
    epoch = range(data.steps_per_epoch)
    named = [int(Path(file).parent.name) for file in data.files(epoch)]
    drawn = [number for _, numbers in data.batches(epoch).as_numpy_iterator() for number in numbers.tolist()]
    print(json.dumps({"labels": data.training.labels, "counts": data.counts, "steps": data.steps_per_epoch,
                      "all": len(set(data.files(epoch))), "named": named, "drawn": drawn,
                      "by_label": data.counts_by_label(team), "validation": data.validation_count}))
"""


def test_with_sharded_channels_each_host_draws_its_own_files(tmp_path: Path, digits: Path) -> None:
    """The shards have different sizes, and neither host has all labels."""
    hosts, shards = Hosts(tmp_path / "jobs", 2, **SETTINGS), [tmp_path / "a", tmp_path / "b"]
    for number in range(10):
        for place, image in enumerate(sorted((digits / "training" / str(number)).iterdir())):
            into = shards[0 if number == 3 or (place % 3 and number != 7) else 1] / str(number)
            into.mkdir(parents=True, exist_ok=True)
            shutil.copy(image, into)
    hosts.channel("training", *shards).channel("validation", digits / "validation")
    for base in hosts.bases:
        base.configure(inputdataconfig={"training": {"S3DistributionType": "ShardedByS3Key"}, "validation": {}})
    found = [json.loads(each.splitlines()[-1]) for each in outputs_of(hosts, SHARDED)]
    counts = [sum(1 for _ in shard.glob("*/*")) for shard in shards]
    by_label = [len(list((digits / "training" / str(number)).iterdir())) for number in range(10)]
    for host, count in zip(found, counts, strict=True):
        assert host["labels"] == [str(number) for number in range(10)]
        assert host["counts"] == counts
        assert host["steps"] == -(-max(counts) // 16)  # half a batch from each host
        assert host["all"] == count
        assert host["drawn"] == host["named"]  # the numbers of the labels are the same on all hosts
        assert len(host["drawn"]) == 16 * host["steps"]
        assert host["by_label"] == by_label
        assert host["validation"] == 200
    assert 7 not in found[0]["drawn"]
    assert 3 not in found[1]["drawn"]


def outputs_of(hosts: Hosts, code: str) -> Sequence[str]:
    """Run Python code on each host; return what each prints."""
    ended = wait_for_all([Program(["-c", code], ROOT, base.variables) for base in hosts.bases])
    for each in ended:
        assert each.returncode == 0, each.stderr
    return [each.stdout for each in ended]


def test_an_error_on_one_host_is_the_reason_on_all(tmp_path: Path, digits: Path) -> None:
    hosts = Hosts(tmp_path / "jobs", 2, **SETTINGS)
    fewer = tmp_path / "fewer"
    shutil.copytree(digits / "training", fewer)
    next((fewer / "0").iterdir()).write_bytes(b"\x89PNG\r\n\x1a\n cut off")
    hosts.channel("training", digits / "training", fewer)
    assert [each.returncode for each in hosts.train()] == [1, 1]
    assert hosts.bases[1].failure.startswith("1 of 600 files cannot be read as images")
    assert hosts.bases[0].failure.startswith(f"The training ended because {hosts.names[1]} was lost: 1 of 600 files")


def test_a_batch_size_that_is_not_a_multiple_of_the_devices_is_refused(tmp_path: Path, digits: Path) -> None:
    hosts = make_hosts(tmp_path, digits, **{**SETTINGS, "batch_size": "33"})
    assert [each.returncode for each in hosts.train()] == [1, 1]
    assert hosts.bases[0].failure == (
        "batch_size=33 cannot be divided equally among 2 devices on 2 hosts. "
        "It is the number of examples of a step on all devices: set a multiple of 2, such as 34."
    )


def test_the_failure_file_names_a_host_that_never_starts(tmp_path: Path, digits: Path) -> None:
    hosts = make_hosts(tmp_path, digits, **SETTINGS)
    hosts.bases[0].environment["TRAINER_HOSTS_SECONDS"] = "2"
    assert hosts.bases[0].train().returncode == 1
    assert hosts.bases[0].failure.startswith(f"{hosts.names[1]} did not appear within 2 seconds.")


def test_a_waiting_host_stops_on_sigterm(tmp_path: Path, digits: Path) -> None:
    hosts = make_hosts(tmp_path, digits, **SETTINGS)
    with socket.create_server(link.address(hosts.names[0])) as chief:  # accepts connections, but never answers
        process = hosts.bases[1].start()
        chief.settimeout(60)
        with chief.accept()[0]:
            process.send_signal(signal.SIGTERM)
    (result,) = wait_for_all([process], 60)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "stopped while waiting for other hosts: nothing was trained\n"
