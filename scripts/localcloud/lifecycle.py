"""Starting, finding and stopping the server process.

The server holds a lock on its log while it runs, and the kernel frees the lock however the server ends. So a stale
``server.json`` or a process number that is used again never looks like a running local cloud.
"""

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from scripts.core import interrupts
from scripts.core.errors import UserError
from scripts.localcloud.environment import AWS_CONFIG, Cloud, isolate

FOLDER = Path("build/local-cloud")
IMAGES = Path("build/registry")  # Outside FOLDER, because pushed layers are kept when the local cloud stops.
RECORD = "server.json"
LOG = "server.log"
RUNNING = "running"  # Contains a file for each job that has not ended.
TUNINGS = "tunings"  # The same for tunings.
START_SECONDS = 60
STOP_SECONDS = 60

# Write ends of the pipes that servers started with ``lifetime`` read. They close when this process ends.
_lifelines: list[int] = []
_children: dict[int, "subprocess.Popen[bytes]"] = {}


def running() -> Cloud | None:
    """Return the local cloud that runs in this folder, or None."""
    cloud = _read_record(FOLDER.absolute())
    return cloud if cloud and _is_locked(cloud.folder) and _is_listening(cloud.port) else None


def required() -> Cloud:
    """Return the local cloud that runs in this folder.

    Raises:
        UserError: none runs.
    """
    cloud = running()
    if cloud is None:
        raise UserError("No local cloud is running.", "Start it with `make cloud-up`.")
    return cloud


def start(lifetime: bool = False) -> Cloud:
    """Start the server and wait until it listens. If one already runs, return that one.

    Args:
        lifetime: whether the server also ends when this process ends, for whatever reason.

    Raises:
        UserError: the server did not start, or its folder cannot be written.
    """
    folder = FOLDER.absolute()
    child: subprocess.Popen[bytes] | None = None
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _await_ending(folder)
            with interrupts.delayed():
                child = _start_server(folder, lifetime)
        except OSError as error:
            raise UserError(
                f"The local cloud cannot be started: {error}.", f"Make {FOLDER} a folder that you can write."
            ) from error
        return _wait_until_ready(child, folder)
    except BaseException:
        if child is not None:
            child.terminate()
            child.wait(STOP_SECONDS)
        raise


def _start_server(folder: Path, lifetime: bool) -> "subprocess.Popen[bytes]":
    (folder / AWS_CONFIG).write_text("")
    with (folder / LOG).open("ab") as log, _lifeline(lifetime) as (arguments, descriptors):
        child = subprocess.Popen(
            [sys.executable, "-m", "scripts.localcloud.server", *arguments],
            env=_server_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=descriptors,
            start_new_session=True,  # Ctrl-C in the terminal must interrupt the verb, not the server.
        )
    _children[child.pid] = child
    return child


def stop() -> None:
    """Stop the local cloud of this folder and wait until it has ended. Do nothing if none runs.

    Raises:
        UserError: it does not end.
    """
    folder = FOLDER.absolute()
    cloud = _read_record(folder)
    if cloud is None or not _is_locked(folder):
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(cloud.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while _is_locked(folder):
        if time.monotonic() > deadline:
            raise UserError(
                f"The local cloud (process {cloud.pid}) does not end.",
                f"See {FOLDER / LOG}; `kill -9 {cloud.pid}` ends it.",
            )
        time.sleep(0.05)
    child = _children.pop(cloud.pid, None)
    if child is not None:
        child.wait()


def keep() -> None:
    """Let a local cloud that this process started with ``lifetime`` run on when this process ends."""
    for descriptor in _lifelines:
        os.write(descriptor, b"k")


def running_jobs() -> list[str]:
    """Return the names of the training jobs that have not ended."""
    folder = FOLDER / RUNNING
    return sorted(path.name for path in folder.glob("[!.]*")) if _is_locked(FOLDER.absolute()) else []


def write_record(cloud: Cloud) -> None:
    """Write the file by which ``running`` finds ``cloud``. The server calls this once it listens."""
    content = {
        "url": cloud.url,
        "port": cloud.port,
        "pid": cloud.pid,
        "started": cloud.started.isoformat(),
        "lost": cloud.lost_jobs,
    }
    partial = cloud.folder / f"{RECORD}.partial"
    partial.write_text(json.dumps(content))
    partial.replace(cloud.folder / RECORD)


def _read_record(folder: Path) -> Cloud | None:
    try:
        content = json.loads((folder / RECORD).read_text())
    except FileNotFoundError:
        return None
    started = datetime.fromisoformat(content["started"])
    lost_jobs = tuple(content["lost"])
    return Cloud(content["url"], content["port"], content["pid"], started, folder, lost_jobs=lost_jobs)


def _is_locked(folder: Path) -> bool:
    try:
        with (folder / LOG).open("rb") as log:
            fcntl.flock(log, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _await_ending(folder: Path) -> None:
    """Wait while a server holds the folder without answering: it is ending, or starting."""
    deadline = time.monotonic() + STOP_SECONDS
    while _is_locked(folder) and running() is None and time.monotonic() < deadline:
        time.sleep(0.05)


def _is_listening(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def _wait_until_ready(child: "subprocess.Popen[bytes]", folder: Path) -> Cloud:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        cloud = running()
        # Two servers may start at once. The one that gets the lock serves both callers.
        if cloud is not None and (cloud.pid == child.pid or child.poll() is not None):
            return cloud
        # While another one holds the lock, it is starting, and may take longer than the own one tried to get the lock.
        if child.poll() is not None and not _is_locked(folder):
            break
        time.sleep(0.05)
    lines = (folder / LOG).read_text(errors="replace").strip().splitlines() or ["its log is empty"]
    raise UserError(f"The local cloud did not start: {lines[-1]}", f"See {FOLDER / LOG}.")


@contextlib.contextmanager
def _lifeline(enabled: bool) -> Iterator[tuple[list[str], tuple[int, ...]]]:
    if not enabled:
        yield [], ()
        return
    read_end, write_end = os.pipe()  # By Python's default, other child processes do not inherit it.
    _lifelines.append(write_end)
    try:
        yield ["--lifetime", str(read_end)], (read_end,)
    finally:
        os.close(read_end)


def _server_environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MOTO_")}
    return isolate(folder, kept) | {"MOTO_DISABLE_GLOBAL_CORS": "true", "PYTHONUNBUFFERED": "1"}
