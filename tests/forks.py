"""Python for verbs and for the trainer: each is a fork of one process that has imported what they import.

Nine tenths of a verb's CPU time before an error are imports, of packages and of the project's own files. A fork has
both; it imports anew only the verb itself. make calls the program of `fork_client.py` in place of Python. The cases
that change a file of `scripts/`, the tests of interrupts, and those that type make themselves, start the real Python.
"""

import atexit
import contextlib
import gc
import importlib
import marshal
import os
import pkgutil
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

CLIENT = Path(__file__).with_name("fork_client.py")
# Rooms of programs that verbs start: the local cloud's server, and what `make demo` and `make prove-resume` run.
NOT_IMPORTED = ("scripts.localcloud", "scripts.proof", "scripts.demo_steps")


@contextmanager
def python(folder: Path, imports: str = "verbs") -> Iterator[Path]:
    """Start the process; gives a program that takes the arguments of Python, where they are ``-m MODULE …``.

    Args:
        folder: the copy of the project whose files it imports.
        imports: ``verbs``, or ``trainer``: then the forks import the project's own files anew, from where they start.
    """
    with tempfile.TemporaryDirectory(prefix="trainyard-forks-") as place:
        address, program = Path(place, "socket"), Path(place, "python")
        # -S: the client needs no packages, and so starts in a hundredth of a second.
        program.write_text(f"#!{sys.executable} -IS\n{CLIENT.read_text()}")
        program.chmod(0o700)
        # Its streams are pipes, as the verbs' are: a fork keeps the objects, which are made for the kind of file.
        command = [sys.executable, "-P", __file__, imports, str(address)]
        server = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == b"ready\n"
            yield program
        finally:
            server.kill()
            server.communicate()


def _import_rooms() -> None:
    """Import the project's rooms and the packages that they use, also those that they import when a verb runs."""
    sys.path.insert(0, str(Path.cwd()))
    import scripts
    from scripts.core import aws, models

    aws.load()
    for module in pkgutil.walk_packages(scripts.__path__, "scripts."):
        if module.name.count(".") > 1 and not module.name.startswith(NOT_IMPORTED):
            importlib.import_module(module.name)
    import python_terraform  # noqa: F401

    session = models.quick_session()
    for service in ("sagemaker", "s3", "sts"):  # a client imports the most, when it is made
        session.create_client(service, "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


def _import_of_trainer() -> None:
    """Import the packages that the trainer uses without TensorFlow."""
    sys.path.insert(0, str(Path.cwd()))
    import boto3  # noqa: F401

    import trainer.commands  # noqa: F401

    for name in [name for name in sys.modules if name.partition(".")[0] in ("trainer", "trainyard")]:
        del sys.modules[name]
    del sys.path[0]


def _serve(address: str) -> list[str]:
    """Fork for each client, and tell it the fork's exit code. Returns only in a fork, with Python's arguments."""
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as server, selectors.DefaultSelector() as waiting:
        server.bind(address)
        server.listen()
        waiting.register(server, selectors.EVENT_READ)
        print("ready", flush=True)
        while True:
            for key, _ in waiting.select():
                if key.fileobj is server:
                    connection, _ = server.accept()
                    verb = os.fork()
                    if verb == 0:
                        return _answer(connection)
                    waiting.register(os.pidfd_open(verb), selectors.EVENT_READ, (verb, connection))
                else:
                    waiting.unregister(key.fileobj)
                    os.close(key.fd)
                    _tell(*key.data)


def _tell(verb: int, connection: socket.socket) -> None:
    """Tell the client the exit code of the fork, which has ended."""
    code = os.waitstatus_to_exitcode(os.waitpid(verb, 0)[1])
    with connection, contextlib.suppress(BrokenPipeError):  # a client that was killed
        connection.sendall(bytes([code if code >= 0 else 128 - code]))


def _answer(connection: socket.socket) -> list[str]:
    """Become the client's process: with its streams, environment and working directory."""
    _, files, _, _ = socket.recv_fds(connection, 1, 3)
    arguments, folder, environment = marshal.loads(b"".join(iter(lambda: connection.recv(1 << 20), b"")))  # noqa: S302
    connection.close()
    os.setsid()
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    found: list[str] = arguments
    return found


def _become(arguments: list[str]) -> NoReturn:
    """Do what Python does for ``-m MODULE …``, in the working directory."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.orig_argv = [sys.executable, *arguments]
    sys.argv = ["-m", *arguments[2:]]  # as it is while Python looks for the module
    if "scripts" in sys.modules:
        importlib.reload(sys.modules["scripts"])  # it prepares the process of a verb
    else:
        sys.path.insert(0, str(Path.cwd()))
        sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
    code: object = 0
    try:
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    except SystemExit as ending:
        code = ending.code
    except BaseException:
        traceback.print_exc()
        code = 1
    _end(code if isinstance(code, int) else 0 if code is None else 1)


def _end(code: int) -> NoReturn:
    """End as Python does, but leave the objects alone: to free them one by one, a fork would copy their memory."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BrokenPipeError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    {"verbs": _import_rooms, "trainer": _import_of_trainer}[sys.argv[1]]()
    _become(_serve(sys.argv[2]))
