"""One running container, and its output as lines."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

GIB = 1 << 30
MAX_LINE_BYTES = 240_000


class ContainerError(Exception):
    """A container cannot be started or watched; the text becomes the job's FailureReason."""


class Container:
    """Starts and watches a host's container; see ``executor.RunningProgram``.

    Args:
        container: a container object of the docker SDK, created and not yet started.
    """

    pid = None

    def __init__(self, container: Any) -> None:
        self._container = container
        self._output = container.attach(stream=True, demux=True)  # Before the start, to get every line.
        container.start()
        self._code: int | None = None
        self._wait_error: Exception | None = None
        self._ended = threading.Event()
        threading.Thread(target=self._wait_for_end, name=f"container {container.name}", daemon=True).start()

    def lines(self) -> Iterator[str]:
        """Yield the lines that it prints, until it ends."""
        try:
            yield from split_lines(self._output)
        finally:
            self._output.close()

    def wait(self, seconds: float) -> int | None:
        """Wait at most that long and return the exit code; None while it runs.

        Raises:
            ContainerError: the engine did not return the exit code.
        """
        self._ended.wait(seconds)
        if self._wait_error:
            raise ContainerError(f"The Docker engine did not return the container's exit code: {self._wait_error}")
        return self._code

    def explanation(self) -> str:
        """Return a message if the kernel killed it for using too much memory; empty otherwise."""
        self._container.reload()
        if not self._container.attrs["State"]["OOMKilled"]:
            return ""
        return f"out of memory, killed by the kernel: the container had {self._memory() / GIB:.1f} GiB"

    def terminate(self) -> None:
        """Send SIGTERM to the program."""
        self._signal("SIGTERM")

    def kill(self) -> None:
        """Kill the program and the processes that it started."""
        self._signal("SIGKILL")

    def _memory(self) -> int:
        return int(self._container.attrs["HostConfig"]["Memory"])

    def _signal(self, name: str) -> None:
        import docker.errors

        with suppress(docker.errors.APIError):  # It may have ended meanwhile.
            self._container.kill(name)

    def _wait_for_end(self) -> None:
        try:
            self._code = int(self._container.wait()["StatusCode"])
        except Exception as error:
            self._wait_error = error
        self._ended.set()


def split_lines(frames: Iterable[tuple[bytes | None, bytes | None]]) -> Iterator[str]:
    """Yield whole lines from the pieces that a program prints, in the order in which they were completed.

    A line that is longer than `MAX_LINE_BYTES` comes in pieces: a program that never ends its line fills no memory.

    Args:
        frames: each has a piece of stdout or of stderr, cut anywhere, even within a character: an attached
            container's.
    """
    rests = [b"", b""]
    for frame in frames:
        for stream, piece in enumerate(frame):
            if piece:
                *whole, rests[stream] = (rests[stream] + piece).split(b"\n")
                yield from (_text(line) for line in whole)
                if len(rests[stream]) > MAX_LINE_BYTES:
                    end = _end_of_whole_characters(rests[stream])
                    yield _text(rests[stream][:end])
                    rests[stream] = rests[stream][end:]
    yield from (_text(rest) for rest in rests if rest)


def _end_of_whole_characters(text: bytes) -> int:
    """Return where the last, perhaps incomplete, UTF-8 character of a long text begins."""
    end = len(text) - 1
    while text[end] & 0xC0 == 0x80 and end > len(text) - 4:
        end -= 1
    return end


def _text(line: bytes) -> str:
    return line.decode(errors="replace").rstrip("\r")
