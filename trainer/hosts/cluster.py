"""The devices that train one model: one, several of a host, several hosts.

Several hosts each run this program. They meet (`trainer.hosts.link`), then TensorFlow joins them by TF_CONFIG:
https://www.tensorflow.org/api_docs/python/tf/distribute/MultiWorkerMirroredStrategy
"""

import contextlib
import json
import os
import re
import signal
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from trainer.contract.errors import JobError
from trainer.contract.stop import Stop
from trainer.hosts.link import HostLostError, Link, address, meet

# Seconds to wait for a host to appear.
LIMIT = "TRAINER_HOSTS_SECONDS"
DEFAULT_LIMIT = "300"


@dataclass(frozen=True)
class Team:
    """All devices that train together, seen from one host.

    Args:
        strategy: TensorFlow's own view of them; what it calls a replica is a device.
        link: between the hosts.
    """

    strategy: Any
    link: Link

    @property
    def hosts(self) -> int:
        """How many there are."""
        return len(self.link.hosts)

    @property
    def index(self) -> int:
        """Which of them this is."""
        return self.link.index

    @property
    def chief(self) -> bool:
        """Whether this is the one host that writes the model, the output and the checkpoints, and reports epochs."""
        return self.index == 0

    @property
    def replicas(self) -> int:
        """Devices of all hosts."""
        return int(self.strategy.num_replicas_in_sync)

    def say(self, text: str) -> None:
        """Print a line for all hosts: metrics are found in the lines of each, and must be counted once."""
        if self.chief:
            print(text, flush=True)

    def per_replica(self, batch: int) -> int:
        """How many of a batch's images each device takes.

        Raises:
            JobError: they cannot be dealt out evenly.
        """
        if batch % self.replicas:
            above = batch + self.replicas - batch % self.replicas
            raise JobError(
                f"batch_size={batch} cannot be dealt out evenly to {self.replicas} devices on {self.hosts} hosts.",
                f"It counts the images of a step on all of them: take a multiple of {self.replicas}, such as {above}.",
            )
        return batch // self.replicas

    def described(self) -> str:
        """The devices in words."""
        gpus = len(tf.config.list_physical_devices("GPU"))
        devices = f"{gpus} GPU" if gpus else "CPU"
        return devices if self.hosts == 1 else f"{self.hosts} hosts, {devices} each"

    def distribute(self, batches: Any) -> Any:
        """Deal out this host's batches to its devices: each takes the next one.

        Args:
            batches: a data set, of which nobody draws more than there are: else hosts would ask each other before each
                step who has any left.
        """
        # TensorFlow's own doing, at every data set that is distributed, and of no use to anybody.
        warnings.filterwarnings("ignore", message="To make it possible to preserve tf.data options")
        endless = batches.apply(tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY))
        return self.strategy.distribute_datasets_from_function(lambda _: endless)

    def agree(self, mine: Mapping[str, Any]) -> None:
        """Make sure that every host has the same values under the same names.

        Raises:
            JobError: one has not.
        """
        for host, theirs in zip(self.link.hosts, self.link.exchange(mine), strict=True):
            for name, value in mine.items():
                if theirs[name] != value:
                    here = self.link.hosts[self.index]
                    raise JobError(f"The hosts do not agree on {name}: {value} on {here}, {theirs[name]} on {host}.")

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """All hosts reach the end of this, or all end with the reason of the one that failed.

        Raises:
            HostLostError: another host ended early.
        """
        try:
            yield
            # The chief still writes the model when the others are done; TensorFlow takes one that has ended for lost.
            self.link.exchange("done")
        except HostLostError:
            raise
        except tf.errors.OpError as error:
            # A step that fails because another host was lost does not say so in a way one can rely on.
            lost = self.link.lost() or self._silent(error)
            if lost:
                raise lost from error
            self.link.leave(type(error).__name__)
            raise
        except BaseException as error:
            self.link.leave(str(error) or type(error).__name__)
            raise
        finally:
            self.link.close()

    def _silent(self, error: Exception) -> HostLostError | None:
        """The host whose connections stand but that does nothing any more, as TensorFlow's heartbeats found."""
        if not isinstance(error, tf.errors.UnavailableError | tf.errors.DeadlineExceededError):
            return None
        found = re.search(r"stopped sending heartbeats\):\s*/job:worker/replica:0/task:(\d+)", str(error))
        # The chief collects the heartbeats, and nobody else misses those of the others.
        host = self.link.hosts[int(found[1])] if found else self.link.hosts[0]
        return HostLostError(host, "it does not answer")


def join(hosts: Sequence[str], current: str, stop: Stop, environ: Mapping[str, str]) -> Team | None:
    """Wait for all hosts, then make the strategy that fits them and their devices.

    To be called before TensorFlow computes anything, as it fixes the devices then.

    Args:
        hosts: of the job, the chief first; each with the port of its own where it is written ``name:port``.
        current: which of them this is.
        stop: heeded while waiting.
        environ: TRAINER_HOSTS_SECONDS is how long to wait for a host, 300 by default.

    Returns:
        The team; None where a stop was asked for before all hosts were there.

    Raises:
        JobError: a host did not appear.
    """
    met = meet(hosts, current, stop, float(environ.get(LIMIT) or DEFAULT_LIMIT))
    if met is None:
        return None
    # Making a strategy replaces our handler of SIGTERM: one that comes meanwhile waits until it is back.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    team = Team(_strategy(hosts, current), met)
    stop.listen()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    return team


def tf_config(hosts: Sequence[str], current: str) -> dict[str, Any]:
    """What TensorFlow reads from TF_CONFIG."""
    workers = ["{}:{}".format(*address(host)) for host in hosts]
    return {"cluster": {"worker": workers}, "task": {"type": "worker", "index": hosts.index(current)}}


def _strategy(hosts: Sequence[str], current: str) -> Any:
    if len(hosts) > 1:
        os.environ["TF_CONFIG"] = json.dumps(tf_config(hosts, current))
        return tf.distribute.MultiWorkerMirroredStrategy()
    if len(tf.config.list_physical_devices("GPU")) > 1:
        return tf.distribute.MirroredStrategy()
    return tf.distribute.get_strategy()  # the default one: no work but what one device does anyway
