"""The server process: ``python -m scripts.localcloud.server``, started by ``lifecycle.start``."""

import contextlib
import fcntl
import gc
import os
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from werkzeug.serving import make_server

from scripts.core.printable import PrintableStream
from scripts.localcloud import quotas, shims
from scripts.localcloud.app import Application
from scripts.localcloud.clients import Clients
from scripts.localcloud.engine import Engine
from scripts.localcloud.environment import AWS_CONFIG, Cloud
from scripts.localcloud.http import Handler
from scripts.localcloud.interruptions import Orders
from scripts.localcloud.job_front import JobFront
from scripts.localcloud.lifecycle import FOLDER, IMAGES, LOG, RUNNING, TUNINGS, write_record
from scripts.localcloud.registry import Registry
from scripts.localcloud.s3.blobs import Store
from scripts.localcloud.sagemaker.api import SageMaker
from scripts.localcloud.sagemaker.executor import ChoosingExecutor
from scripts.localcloud.sagemaker.jobs import JobStore
from scripts.localcloud.sagemaker.journal import Journal, clean_up, lost_tunings
from scripts.localcloud.sagemaker.launching import Launcher
from scripts.localcloud.sagemaker.pools import Clock, WarmPools
from scripts.localcloud.sagemaker.processes import ProcessExecutor
from scripts.localcloud.sagemaker.services import JobServices
from scripts.localcloud.sagemaker.slots import Slots, machine_slots
from scripts.localcloud.sagemaker.tags import Tags
from scripts.localcloud.tuning.api import Tunings

LOCK_SECONDS = 0.5
POLL_SECONDS = 0.05
BACKLOG = 128
JOBS, POOLS = "jobs", "pools"


def main() -> None:
    """Serve until SIGTERM, or until the pipe given by ``--lifetime`` closes."""
    folder = FOLDER.absolute()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    match sys.argv[1:]:
        case ["--lifetime", descriptor]:
            threading.Thread(target=_await_parent, args=(int(descriptor), ended), daemon=True).start()
    _lock(folder)
    # A person opens the log, and names that jobs chose are in it.
    sys.stdout = sys.stderr = PrintableStream(sys.stderr)
    lost_jobs = lost_tunings(Journal(folder / TUNINGS)) + clean_up(Journal(folder / RUNNING), folder / JOBS)
    for line in lost_jobs:
        print(line)
    with _clean_folder(folder):
        _serve(folder, lost_jobs, ended)


def _serve(folder: Path, lost_jobs: list[str], ended: threading.Event) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(BACKLOG)
        port = listener.getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        cloud = Cloud(url, port, os.getpid(), datetime.now(UTC), folder, lost_jobs=tuple(lost_jobs))
        registry = Registry(IMAGES.absolute(), f"localhost:{port}")
        engine = Engine(registry.missing, registry.is_reachable_from)
        # The application does not exist yet: its part SageMaker runs jobs, and the jobs call the application.
        aws = JobFront(lambda environ, start: application.answer_job(environ, start))
        store, slots, clock = JobStore(), Slots(machine_slots()), Clock()
        services = JobServices(
            store=store,
            clients=Clients(cloud.url),
            executor=ChoosingExecutor(registry, engine, ProcessExecutor(Path.cwd(), cloud), aws),
            slots=slots,
            pools=WarmPools(store, slots, folder / POOLS, clock, quotas.of_warm_pools),
            journal=Journal(folder / RUNNING),
            folder=folder / JOBS,
            fault_of_instances=lambda: application.fault_of_instances(),
        )
        orders = Orders()
        launcher = Launcher(services)
        tunings = Tunings(launcher, orders, Journal(folder / TUNINGS))
        tags = Tags(store, tunings.store)
        sagemaker = SageMaker(launcher, orders, {**tags.operations, **tunings.operations}, tunings.records)
        shims.apply(registry.address)
        application = Application(
            sagemaker, registry, engine.container_support, Store(folder / "objects"), orders, clock.move
        )
        server = make_server(
            "127.0.0.1", port, application, threaded=True, request_handler=Handler, fd=listener.fileno()
        )
        thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), name="server")
        thread.start()
        write_record(cloud)
        while not ended.wait(POLL_SECONDS):
            # Many short waits, because the kernel may deliver SIGTERM to another thread. Python runs the handler in
            # this thread, and one long wait would not wake up for it.
            services.pools.end_due()
        tunings.close()
        launcher.close()
        server.shutdown()
        thread.join()
        server.server_close()
        registry.close()


def _lock(folder: Path) -> None:
    """Take the lock by which ``lifecycle`` knows that a server runs. It is held until the process ends."""
    deadline = time.monotonic() + LOCK_SECONDS
    log = os.open(folder / LOG, os.O_RDONLY)
    while True:
        try:
            fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:  # A check of the lock holds it for an instant; another server holds it longer.
            if time.monotonic() > deadline:
                sys.exit("Another local cloud already runs in this folder.")
            time.sleep(0.02)


@contextlib.contextmanager
def _clean_folder(folder: Path) -> Iterator[None]:
    """Empty the folder before and after the ``with``, except for the log: nothing in it outlives the server."""
    _empty(folder, keep=(LOG, AWS_CONFIG))
    try:
        yield
    finally:
        _empty(folder, keep=(LOG,))


def _empty(folder: Path, keep: tuple[str, ...]) -> None:
    for path in folder.iterdir():
        if path.name in keep:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()


def _await_parent(descriptor: int, ended: threading.Event) -> None:
    # It returns when the parent process has ended, or has written a byte: then the local cloud runs on without it.
    if not os.read(descriptor, 1):
        ended.set()


if __name__ == "__main__":
    # What the imports made stays. Python would look through it for garbage while it serves, and three times at the end.
    gc.freeze()
    main()
