"""Kills a training run at twenty random moments, and compares its result with that of an uninterrupted run.

Run it from the repository's root: ``python -m benchmarks.kills [BASE]``. On one worker and on two, as processes and,
where BASE names a TensorFlow image on this machine, as containers of the project's image. Each is over in 10 minutes: a
run that takes longer is killed no more, and the table says how often it was.
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
from scripts.core import console
from scripts.proof.job import StartProgram

KILLS = 20
EPOCHS = 20  # some seconds of training for each
SECONDS = 600.0  # for each place and number of workers
# Of that, what is left for the killed run to come to its end.
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
        """In the order of HEADER."""
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
    """`docker run`, whose signals go to the container: it may not exist yet, and docker's own process may be killed."""

    def __init__(self, command: list[str], name: str, log: IO[bytes]) -> None:
        super().__init__(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        self._name = name

    def send_signal(self, sig: int) -> None:
        """Send it, as soon as there is somebody to get it."""
        command = ["docker", "kill", f"--signal={sig:d}", self._name]
        while self.poll() is None and subprocess.run(command, capture_output=True, check=False).returncode:
            time.sleep(0.01)


def main(base: str = "") -> None:
    """Do all variants and print a table."""
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
    """Both runs of a variant, of which the second is killed as long as there is time."""
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
    """The project's image on a base; it is removed afterwards. Without a base there is none."""
    if not base:
        yield ""
        return
    name = f"trainyard-kills:{uuid.uuid4().hex[:12]}"
    command = ["docker", "build", "--quiet", f"--build-arg=BASE_IMAGE={base}", f"--tag={name}", "trainer"]
    subprocess.run(command, capture_output=True, check=True)
    try:
        yield name
    finally:
        subprocess.run(["docker", "rmi", "--force", name], capture_output=True, check=True)


def _containers(image: str, images: Path) -> StartProgram:
    """What starts the program of a host in a container, with its folders where SageMaker has them.

    All share the machine's network, so that hosts are told apart by their ports, as processes are.
    """

    def start(base: Path, log: IO[bytes]) -> Container:
        name = f"trainyard-kills-{uuid.uuid4().hex[:12]}"
        options = ["--rm", f"--name={name}", "--network=host", f"--user={os.getuid()}:{os.getgid()}"]
        options.append(f"--env=TRAINER_HOSTS_SECONDS={proof.HOSTS_SECONDS}")
        for folder in ("input", "model", "output", "checkpoints"):
            (base / folder).mkdir(exist_ok=True)
            options.append(f"--volume={base / folder}:/opt/ml/{folder}")
        # input/data has links to it.
        options.append(f"--volume={images}:{images}:ro")
        return Container(["docker", "run", *options, image, "train"], name, log)

    return start


if __name__ == "__main__":
    main(*sys.argv[1:])
