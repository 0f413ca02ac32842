"""Kills a training run at twenty random moments, and compares its result with that of an uninterrupted run.

Run it from the repository's root: ``python -m benchmarks.kills [BASE]``. It does so with one worker and with two, as
processes. If BASE names a TensorFlow image on this machine, it also uses containers of the project's image. Each
variant takes at most 10 minutes: a slower run gets fewer kills, and the table shows their number.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from benchmarks.table import print_table
from scripts import digits, proof
from scripts.container import context
from scripts.core import console
from scripts.proof.job import StartProgram

KILLS = 20
EPOCHS = 20  # gives some seconds of training for each kill
SECONDS = 600.0  # for each variant
# The share of this time that is reserved for the killed run's end.
RESERVE = 0.3


@dataclass(frozen=True)
class Row:
    """The result of one variant, as a row of the table."""

    where: str
    workers: int
    records: list[proof.AttemptRecord]
    seconds: float
    equal: bool

    def cells(self) -> list[str]:
        """The cells in the order of HEADER."""
        killed = [record for record in self.records if record.kill]
        kills = sum(record.kill.signal == signal.SIGKILL for record in killed if record.kill)
        survivors = [record.survivor_seconds for record in killed if record.survivor_seconds is not None]
        repeated = [record.repeated for record in self.records if record.repeated]
        return [
            self.where,
            str(self.workers),
            f"{len(killed)}, {kills} of them SIGKILL",
            str(sum(record.torn for record in killed)),
            f"{sum(least for least, _ in repeated)} to {sum(most for _, most in repeated)}",
            console.duration(max(survivors)) if survivors else "",
            console.duration(self.seconds),
            "equal" if self.equal else "NOT equal",
        ]


HEADER = ["where", "workers", "kills", "torn checkpoints", "steps repeated", "longest survivor", "took", "digest"]


class Container(subprocess.Popen[bytes]):
    """`docker run`. Signals go to the container, because a signal to docker's own process may not reach it."""

    def __init__(self, command: list[str], name: str, log: IO[bytes]) -> None:
        super().__init__(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        self._name = name

    def send_signal(self, sig: int) -> None:
        """Send a signal to the container, as soon as it exists."""
        command = ["docker", "kill", f"--signal={sig:d}", self._name]
        while self.poll() is None and subprocess.run(command, capture_output=True, check=False).returncode:
            time.sleep(0.01)


def main(base: str = "") -> None:
    """Measure all variants and print a table."""
    seed = random.SystemRandom().randrange(10_000)
    print(f"seed {seed}")
    variants: list[tuple[str, int]] = [("process", 1), ("process", 2)]
    if base:
        variants += [("container", 1), ("container", 2)]
    rows = []
    with tempfile.TemporaryDirectory() as folder, _image(base) as image:
        for where, workers in variants:
            root = Path(folder) / f"{where}-{workers}"
            digits.write(root / "digits")
            start = proof.start_process if where == "process" else _containers(image, root / "digits")
            rows.append(_measure(where, workers, root, start, seed))
    print()
    print_table(HEADER, [row.cells() for row in rows])
    if not all(row.equal for row in rows):
        sys.exit(1)


def _measure(where: str, workers: int, root: Path, start: StartProgram, seed: int) -> Row:
    """Do both runs of a variant; the second gets kills until the time is up."""
    print(f"\n{where}, {workers} workers", flush=True)
    began = time.monotonic()
    uninterrupted, timing = proof.run_uninterrupted(proof.Job(root, "uninterrupted", workers, start, EPOCHS))
    left = SECONDS * (1 - RESERVE) - (time.monotonic() - began)
    kills = proof.draw_kills(seed, KILLS, workers)
    records: list[proof.AttemptRecord] = []
    print(proof.HEADER)
    for each in proof.run_with_kills(proof.Job(root, "killed", workers, start, EPOCHS), kills, timing, left):
        if isinstance(each, proof.Result):
            equal, lines = proof.compare(uninterrupted, each)
            print(*lines, sep="\n", flush=True)
        else:
            records.append(each)
            print(proof.attempt_row(len(records), each, workers), flush=True)
    return Row(where, workers, records, time.monotonic() - began, equal)


@contextmanager
def _image(base: str) -> Iterator[str]:
    """Build the project's image on a base and remove it afterwards. Without a base, give an empty name."""
    if not base:
        yield ""
        return
    name = f"trainyard-kills:{uuid.uuid4().hex[:12]}"
    command = ["docker", "build", "--quiet", f"--build-arg=BASE_IMAGE={base}", f"--tag={name}", "-"]
    with tempfile.TemporaryFile() as archive:
        context.write_archive(context.of_trainer(), archive)
        archive.seek(0)
        subprocess.run(command, stdin=archive, capture_output=True, check=True)
    try:
        yield name
    finally:
        subprocess.run(["docker", "rmi", "--force", name], capture_output=True, check=True)


def _containers(image: str, images: Path) -> StartProgram:
    """Make the function that starts a host's program in a container, with folders at SageMaker's paths.

    All containers share the machine's network, so hosts differ by their ports, as processes do.
    """

    def start(base: Path, log: IO[bytes]) -> Container:
        name = f"trainyard-kills-{uuid.uuid4().hex[:12]}"
        options = ["--rm", f"--name={name}", "--network=host", f"--user={os.getuid()}:{os.getgid()}"]
        options.append(f"--env=TRAINER_HOSTS_SECONDS={proof.HOSTS_SECONDS}")
        for folder in ("input", "model", "output", "checkpoints"):
            (base / folder).mkdir(exist_ok=True)
            options.append(f"--volume={base / folder}:/opt/ml/{folder}")
        # The links in input/data point to it.
        options.append(f"--volume={images}:{images}:ro")
        return Container(["docker", "run", *options, image, "train"], name, log)

    return start


if __name__ == "__main__":
    main(*sys.argv[1:])
