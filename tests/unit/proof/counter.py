"""A program that the proof cannot tell from our trainer. It only adds up the numbers of its steps: it starts at once.

Like the trainer it writes checkpoints, resumes from the newest complete one, finishes at SIGTERM, and ends if another
host is lost. `--forget` lets it resume with another sum, and `--fail` lets it fail. With `--to-be-killed` it never
ends by itself: a kill hits it however late it comes.
"""

import hashlib
import json
import os
import select
import shutil
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

STEPS, CHECKPOINT_STEPS, STEP_SECONDS = 80, 10, 0.01
HOSTS_SECONDS = 5

stopped = False
done: set[socket.socket] = set()
"""The other hosts that have done all their steps."""


def main() -> None:
    """Count to the end."""
    base = Path(os.environ["SAGEMAKER_BASE_DIR"])
    signal.signal(signal.SIGTERM, stop)
    if "--fail" in sys.argv:
        sys.exit("there are no images")
    time.sleep(0.1)  # a kill can hit the start
    resources = json.loads((base / "input" / "config" / "resourceconfig.json").read_text())
    others = connect(resources["hosts"], resources["current_host"])
    is_chief = resources["current_host"] == resources["hosts"][0]
    step, total = restored(base / "checkpoints")
    print(f"resumes from x: step {step} of {STEPS}" if step else "9 training images of 2 labels", flush=True)
    if step and "--forget" in sys.argv:
        total = -1
    while step < STEPS and not stopped:
        listen(others, STEP_SECONDS)
        step += 1
        total += step
        if is_chief and step % CHECKPOINT_STEPS == 0:
            save(base / "checkpoints" / f"step-{step:08}", step, total, others)
    if not stopped:
        end_together(others, is_chief)
    digest = hashlib.sha256(str(total).encode()).hexdigest()
    print(f"state after step {step} of {STEPS}: sha256 {digest}", flush=True)
    (base / "output" / "data").mkdir(parents=True, exist_ok=True)
    history = [{"epoch": 1, "val_accuracy": total, "seconds": time.monotonic()}]
    (base / "output" / "data" / "history.json").write_text(json.dumps({"history": history}))


def stop(*_: object) -> None:
    """End after the present step."""
    global stopped
    stopped = True


def listen(others: list[socket.socket], seconds: float) -> None:
    """Wait, and note who says meanwhile that it is done. If another host is lost, end this one."""
    for other in select.select(others, [], [], seconds)[0]:
        if not other.recv(1):
            sys.exit("a host is lost")
        done.add(other)


def end_together(others: list[socket.socket], is_chief: bool) -> None:
    """Wait for the other hosts, so that none seems lost: the first one says last that it is done."""
    if not is_chief:
        others[0].send(b".")
    while len(done) < len(others) and not stopped:
        listen(others, STEP_SECONDS)
    if is_chief and not stopped:
        for other in others:
            other.send(b".")


def connect(hosts: list[str], own: str) -> list[socket.socket]:
    """The connections to other hosts: each is connected with the first one."""
    if len(hosts) == 1:
        return []
    name, port = hosts[0].split(":")
    if own == hosts[0]:
        with socket.create_server((name, int(port))) as server:
            server.settimeout(HOSTS_SECONDS)
            return [server.accept()[0] for _ in hosts[1:]]
    deadline = time.monotonic() + HOSTS_SECONDS
    while time.monotonic() < deadline:
        try:
            return [socket.create_connection((name, int(port)))]
        except ConnectionRefusedError:
            time.sleep(0.01)
    sys.exit("the first host is lost")


def restored(folder: Path) -> tuple[int, int]:
    """The step and the sum of the newest complete checkpoint; others are removed."""
    newest = (0, 0)
    for path in sorted(folder.glob("step-*")):
        if (path / "manifest.json").exists():
            about: dict[str, Any] = json.loads((path / "about.json").read_text())
            newest = about["step"], about["total"]
        else:
            shutil.rmtree(path)
    return newest


def save(folder: Path, step: int, total: int, others: list[socket.socket]) -> None:
    """Write a checkpoint; the manifest makes it complete."""
    folder.mkdir(parents=True)
    (folder / "about.json").write_text(json.dumps({"step": step, "total": total}))
    time.sleep(10 * STEP_SECONDS)  # a kill can hit it
    if step == STEPS and "--to-be-killed" in sys.argv:
        while not stopped:
            listen(others, STEP_SECONDS)
    else:
        (folder / "manifest.json").touch()


if __name__ == "__main__":
    main()
