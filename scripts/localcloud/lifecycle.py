"""Starting, finding and stopping the server process.

The server holds a lock on its log for as long as it lives: the kernel gives the lock back however it dies, so
neither a stale ``server.json`` nor a process number used again can be taken for a running local cloud.
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

from scripts.core.errors import UserError
from scripts.localcloud.engine import Verdict
from scripts.localcloud.environment import AWS_CONFIG, JOBS_PATH, Cloud, isolated

FOLDER = Path("build/local-cloud")
IMAGES = Path("build/registry")  # Beside it: what is pushed is kept when the local cloud goes.
RECORD = "server.json"
LOG = "server.log"
START_SECONDS = 60
STOP_SECONDS = 60
JOBS_SECONDS = 30

# The write end of the pipe that a server started with ``lifetime`` reads. It closes with this process.
_lifelines: list[int] = []
_children: dict[int, "subprocess.Popen[bytes]"] = {}


def running() -> Cloud | None:
    """The local cloud of this folder, or None when none runs."""
    cloud = _recorded(FOLDER.absolute())
    return cloud if cloud and _is_locked(cloud.folder) and _answers(cloud.port) else None


def start(lifetime: bool = False) -> Cloud:
    """Start the server and wait until it answers. One that already runs is returned as it is.

    Args:
        lifetime: the server also ends when this process ends, for whatever reason.

    Raises:
        UserError: it did not come up, or its folder cannot be written.
    """
    folder = FOLDER.absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / AWS_CONFIG).write_text("")
        with (folder / LOG).open("ab") as log, _lifeline(lifetime) as (arguments, descriptors):
            child = subprocess.Popen(
                [sys.executable, "-m", "scripts.localcloud.server", *arguments],
                env=_server_environment(folder),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=descriptors,
                start_new_session=True,  # The terminal's Ctrl-C is for the verb, not for the server.
            )
    except OSError as error:
        raise UserError(
            f"The local cloud cannot be started: {error}.", f"Make {FOLDER} a folder that you can write."
        ) from error
    _children[child.pid] = child
    try:
        return _awaited(child, folder)
    except BaseException:
        child.terminate()
        child.wait(STOP_SECONDS)
        raise


def stop() -> None:
    """End the local cloud of this folder and wait until it has gone; nothing happens when none runs."""
    folder = FOLDER.absolute()
    cloud = _recorded(folder)
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


def how_jobs_run(cloud: Cloud) -> Verdict:
    """Whether the jobs of a local cloud run in containers, and if not, what is missing."""
    import http.client  # Not for every verb of a rehearsal.

    connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=JOBS_SECONDS)
    try:
        connection.request("GET", JOBS_PATH)
        return Verdict(**json.loads(connection.getresponse().read()))
    except TimeoutError:
        return Verdict("the Docker engine takes too long to answer", None)
    finally:
        connection.close()


def write_record(cloud: Cloud) -> None:
    """Make ``cloud`` known to ``running`` (called by the server once it listens)."""
    content = {
        "url": cloud.url,
        "port": cloud.port,
        "pid": cloud.pid,
        "started": cloud.started.isoformat(),
        "lost": cloud.lost,
    }
    partial = cloud.folder / f"{RECORD}.partial"
    partial.write_text(json.dumps(content))
    partial.replace(cloud.folder / RECORD)


def _recorded(folder: Path) -> Cloud | None:
    try:
        content = json.loads((folder / RECORD).read_text())
    except FileNotFoundError:
        return None
    started = datetime.fromisoformat(content["started"])
    lost = tuple(content["lost"])
    return Cloud(content["url"], content["port"], content["pid"], started, folder, lost=lost)


def _is_locked(folder: Path) -> bool:
    try:
        with (folder / LOG).open("rb") as log:
            fcntl.flock(log, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def _awaited(child: "subprocess.Popen[bytes]", folder: Path) -> Cloud:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        cloud = running()
        # Two may start at once: the one that got the lock serves both callers.
        if cloud is not None and (cloud.pid == child.pid or child.poll() is not None):
            return cloud
        if child.poll() is not None:
            break
        time.sleep(0.05)
    lines = (folder / LOG).read_text(errors="replace").strip().splitlines() or ["it wrote nothing"]
    raise UserError(f"The local cloud did not start: {lines[-1]}", f"See {FOLDER / LOG}.")


@contextlib.contextmanager
def _lifeline(wanted: bool) -> Iterator[tuple[list[str], tuple[int, ...]]]:
    if not wanted:
        yield [], ()
        return
    read_end, write_end = os.pipe()  # Not inherited by other children of ours: Python's default.
    _lifelines.append(write_end)
    try:
        yield ["--lifetime", str(read_end)], (read_end,)
    finally:
        os.close(read_end)


def _server_environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MOTO_")}
    return isolated(folder, kept) | {"MOTO_DISABLE_GLOBAL_CORS": "true", "PYTHONUNBUFFERED": "1"}
