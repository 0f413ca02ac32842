"""Python for the cases' verbs: each is a fork of one process that has imported their packages.

Half of a verb's CPU time is the import of boto3 and pydantic. A fork has them; it imports the project's own
files anew, from the copy in which it works. make calls the program of `fork_client.py` in place of Python. The
tests of interrupts, and those that type make themselves, start the real Python.
"""

import contextlib
import gc
import marshal
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CLIENT = Path(__file__).with_name("fork_client.py")


@contextmanager
def python() -> Iterator[Path]:
    """Start the process; gives a program that takes the arguments of Python, where they are ``-m MODULE …``."""
    with tempfile.TemporaryDirectory(prefix="trainyard-forks-") as folder:
        address, program = Path(folder, "socket"), Path(folder, "python")
        # -S: the client needs no packages, and so starts in a hundredth of a second.
        program.write_text(f"#!{sys.executable} -IS\n{CLIENT.read_text()}")
        program.chmod(0o700)
        # Its streams are pipes, as the verbs' are: a fork keeps the objects, which are made for the kind of file.
        command = [sys.executable, "-P", __file__, str(address)]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == b"ready\n"
            yield program
        finally:
            server.kill()
            server.communicate()


def _import_packages() -> None:
    """Import what verbs import; a client of AWS imports the most, when it is made."""
    import boto3.session
    import jinja2  # noqa: F401
    import pydantic  # noqa: F401
    import python_terraform  # noqa: F401

    session = boto3.session.Session("x", "x", region_name="us-east-1")
    for service in ("sagemaker", "s3", "sts"):
        session.client(service)


def _serve(address: str) -> list[str]:
    """Fork for each client. Returns only in a fork that is to run a verb, with Python's arguments."""
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        server.listen()
        print("ready", flush=True)
        while True:
            connection, _ = server.accept()
            if os.fork() == 0:
                server.close()
                return _answer(connection)
            connection.close()
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass


def _answer(connection: socket.socket) -> list[str]:
    """Fork once more. The fork returns; this process waits for it, and tells the client its exit code."""
    _, files, _, _ = socket.recv_fds(connection, 1, 3)
    arguments, folder, environment = marshal.loads(b"".join(iter(lambda: connection.recv(1 << 20), b"")))  # noqa: S302
    verb = os.fork()
    if verb != 0:
        code = os.waitstatus_to_exitcode(os.waitpid(verb, 0)[1])
        connection.sendall(bytes([code if code >= 0 else 128 - code]))
        os._exit(0)
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


def _become(arguments: list[str]) -> None:
    """Do what Python does for ``-m MODULE …``, in the working directory."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.orig_argv = [sys.executable, *arguments]
    sys.path.insert(0, str(Path.cwd()))
    sys.argv = ["-m", *arguments[2:]]  # as it is while Python looks for the module
    runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _import_packages()
    _become(_serve(sys.argv[1]))
