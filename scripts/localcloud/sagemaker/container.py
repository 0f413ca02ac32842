"""One container that runs, and its output as lines."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

GIB = 1 << 30


class ContainerError(Exception):
    """A container that cannot be started or followed; its text becomes the job's FailureReason."""


class Container:
    """A host's container, which starts with this; see ``executor.Execution``.

    Args:
        container: of the docker SDK, created.
    """

    pid = None

    def __init__(self, container: Any) -> None:
        self._container = container
        self._output = container.attach(stream=True, demux=True)  # Before the start, so that no line is missed.
        container.start()
        self._code: int | None = None
        self._fault: Exception | None = None
        self._ended = threading.Event()
        threading.Thread(target=self._await, name=f"container {container.name}", daemon=True).start()

    def lines(self) -> Iterator[str]:
        """What it prints, to its end."""
        try:
            yield from lines(self._output)
        finally:
            self._output.close()

    def wait(self, seconds: float) -> int | None:
        """Its exit code, waited for at most so long; None while it runs.

        Raises:
            ContainerError: the engine does not tell.
        """
        self._ended.wait(seconds)
        if self._fault:
            raise ContainerError(f"The Docker engine has lost sight of the container: {self._fault}")
        return self._code

    def explanation(self) -> str:
        """Whether the kernel has killed it for its memory."""
        self._container.reload()
        if not self._container.attrs["State"]["OOMKilled"]:
            return ""
        return f"out of memory, killed by the kernel: the container had {self._memory() / GIB:.1f} GiB"

    def terminate(self) -> None:
        """Send SIGTERM to the program."""
        self._signal("SIGTERM")

    def kill(self) -> None:
        """End it and all that it started, at once."""
        self._signal("SIGKILL")

    def _memory(self) -> int:
        return int(self._container.attrs["HostConfig"]["Memory"])

    def _signal(self, name: str) -> None:
        import docker.errors

        with suppress(docker.errors.APIError):  # It has ended meanwhile.
            self._container.kill(name)

    def _await(self) -> None:
        try:
            self._code = int(self._container.wait()["StatusCode"])
        except Exception as error:
            self._fault = error
        self._ended.set()


def lines(frames: Iterable[tuple[bytes | None, bytes | None]]) -> Iterator[str]:
    """Whole lines out of an attached container's frames, in the order in which they were completed.

    Args:
        frames: pieces of stdout and of stderr, one of the two in each; cut anywhere, within a character too.
    """
    rests = [b"", b""]
    for frame in frames:
        for stream, piece in enumerate(frame):
            if piece:
                *whole, rests[stream] = (rests[stream] + piece).split(b"\n")
                yield from (_text(line) for line in whole)
    yield from (_text(rest) for rest in rests if rest)


def _text(line: bytes) -> str:
    return line.decode(errors="replace").rstrip("\r")
