"""The devices that train one model: one device, several devices of a host, or several hosts.

Each host runs this program. The hosts connect (`trainyard.hosts.link`), then TensorFlow joins them with TF_CONFIG:
https://www.tensorflow.org/api_docs/python/tf/distribute/MultiWorkerMirroredStrategy
"""

import contextlib
import json
import os
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from trainyard.errors import JobError
from trainyard.hosts.link import HostLostError, Link, connect, seconds_to_wait
from trainyard.hosts.tf_config import tf_config
from trainyard.stop import Stop, sigterm_blocked

GPU = "/GPU:0"


@dataclass(frozen=True)
class Team:
    """All devices that train together, as one host sees them.

    Args:
        strategy: TensorFlow's distribution strategy; its replicas are the devices.
        link: the link between the hosts.
    """

    strategy: Any
    link: Link

    @property
    def hosts(self) -> int:
        """The number of hosts."""
        return len(self.link.hosts)

    @property
    def index(self) -> int:
        """The index of this host."""
        return self.link.index

    @property
    def chief(self) -> bool:
        """Whether this is the host that writes the model, the output and the checkpoints, and prints the epochs."""
        return self.index == 0

    @property
    def replicas(self) -> int:
        """The number of devices of all hosts."""
        return int(self.strategy.num_replicas_in_sync)

    @property
    def is_one_gpu(self) -> bool:
        """Whether the only device is a GPU."""
        return self.replicas == 1 and bool(tf.config.list_physical_devices("GPU"))

    def say(self, text: str) -> None:
        """Print a line once, on the chief: SageMaker would read the metrics of a line on every host."""
        if self.chief:
            print(text, flush=True)

    def per_replica(self, batch: int) -> int:
        """Return how many examples of a batch each device takes.

        Raises:
            JobError: the batch cannot be divided equally.
        """
        if batch % self.replicas:
            next_multiple = batch + self.replicas - batch % self.replicas
            raise JobError(
                f"batch_size={batch} cannot be divided equally among {self.replicas} devices on {self.hosts} hosts.",
                f"It is the number of examples of a step on all devices: set a multiple of {self.replicas}, such as "
                f"{next_multiple}.",
            )
        return batch // self.replicas

    def describe(self) -> str:
        """Return the devices in words."""
        gpus = len(tf.config.list_physical_devices("GPU"))
        devices = f"{gpus} GPU" if gpus else "CPU"
        return devices if self.hosts == 1 else f"{self.hosts} hosts, {devices} each"

    def distribute(self, batches: Any) -> Any:
        """Distribute this host's batches to its devices, which take them in turn.

        Args:
            batches: a dataset. Do not draw more batches than it has. It is declared endless, because otherwise the
                hosts ask each other before every step who has a batch left.
        """
        # TensorFlow prints this warning for every distributed dataset. It helps nobody.
        warnings.filterwarnings("ignore", message="To make it possible to preserve tf.data options")
        endless = batches.apply(tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY))
        if self.is_one_gpu:
            # Several GPUs get their next batch ahead from their strategy, one GPU from here.
            endless = endless.apply(tf.data.experimental.prefetch_to_device(GPU))
        return self.strategy.distribute_datasets_from_function(lambda _: endless)

    def check_agreement(self, values: Mapping[str, Any]) -> None:
        """Check that every host has the same values under the same names.

        Raises:
            JobError: a host has another value.
        """
        this_host = self.link.hosts[self.index]
        for host, others in zip(self.link.hosts, self.link.exchange(values), strict=True):
            for name, value in values.items():
                if others[name] != value:
                    raise JobError(
                        f"The hosts have different values of {name}: {value} on {this_host}, {others[name]} on {host}."
                    )

    @contextlib.contextmanager
    def end_together(self) -> Iterator[None]:
        """End on all hosts together. If one host fails, the others end with its reason.

        Raises:
            HostLostError: another host ended early.
        """
        try:
            yield
            # The others wait for the chief, which still writes the model. Otherwise TensorFlow reports them as lost.
            self.link.exchange("done")
        except HostLostError:
            raise
        except tf.errors.OpError as error:
            # If a step fails because another host was lost, TensorFlow's error does not say so reliably.
            lost = self.link.find_lost_host() or self._find_frozen_host(error)
            if lost:
                raise lost from error
            self.link.leave(type(error).__name__)
            raise
        except BaseException as error:
            self.link.leave(str(error) or type(error).__name__)
            raise
        finally:
            self.link.close()

    def _find_frozen_host(self, error: Exception) -> HostLostError | None:
        """Return the host that TensorFlow's heartbeats report as frozen: it is connected but does nothing."""
        if not isinstance(error, tf.errors.UnavailableError | tf.errors.DeadlineExceededError):
            return None
        found = re.search(r"stopped sending heartbeats\):\s*/job:worker/replica:0/task:(\d+)", str(error))
        # Only the chief receives the heartbeats of all hosts. Another host notices only that the chief's are missing.
        host = self.link.hosts[int(found[1])] if found else self.link.hosts[0]
        return HostLostError(host, "it does not answer")


def join(hosts: Sequence[str], current: str, stop: Stop, environ: Mapping[str, str]) -> Team | None:
    """Wait for all hosts, then create the strategy for them and their devices.

    Call this before TensorFlow computes anything, because it fixes the devices then.

    Args:
        hosts: the hosts of the job, the chief first; a host written ``name:port`` has its own port.
        current: the name of this host.
        stop: ends the waiting.
        environ: TRAINER_HOSTS_SECONDS is how long to wait for a host; the default is 300.

    Returns:
        The team; None if the job should stop before all hosts appeared.

    Raises:
        JobError: a host did not appear.
    """
    link = connect(hosts, current, stop, seconds_to_wait(environ))
    if link is None:
        return None
    return _make_team(hosts, current, link, stop)


def this_host(stop: Stop) -> Team:
    """The team of this host's devices alone; `stop` listens from now on."""
    return _make_team(["localhost"], "localhost", Link(["localhost"], 0, []), stop)


def _make_team(hosts: Sequence[str], current: str, link: Link, stop: Stop) -> Team:
    # Creating a strategy replaces our SIGTERM handler. A SIGTERM in between has to wait until the handler is back.
    with sigterm_blocked():
        team = Team(_strategy(hosts, current), link)
        stop.listen()
    return team


def _strategy(hosts: Sequence[str], current: str) -> Any:
    if len(hosts) > 1:
        os.environ["TF_CONFIG"] = json.dumps(tf_config(hosts, current))
        return tf.distribute.MultiWorkerMirroredStrategy()
    if len(tf.config.list_physical_devices("GPU")) > 1:
        return tf.distribute.MirroredStrategy()
    return tf.distribute.get_strategy()  # the default strategy adds no work for one device
