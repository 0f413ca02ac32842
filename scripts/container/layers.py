"""An image's layers on their way: Docker's events as a bar per layer at a terminal, as a line now and then elsewhere.

https://docs.docker.com/reference/api/engine/version/v1.43/#tag/Image/operation/ImagePush
"""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from scripts.core import console

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

SECONDS_BETWEEN_LINES = 5.0
SENT, THERE = "Pushed", "Layer already exists"
MOVING = {"Downloading", "Pushing", "Extracting"}
ENDED = {"Pull complete", "Already exists", SENT, THERE}
# What an event without these is about is no layer: "Pulling from NAME", where the id is the tag.
FIRST = {"Pulling fs layer", "Preparing", "Waiting", *ENDED}


@dataclass
class Layer:
    """A layer, as the engine last spoke of it.

    Args:
        status: such as ``Downloading`` or ``Pushed``.
        current: bytes that have gone over; when pushing, before compression.
        total: of how many; 0 while the engine has not said it.
    """

    status: str
    current: int = 0
    total: int = 0

    @property
    def ended(self) -> bool:
        """Whether nothing more is to be done about it."""
        return self.status in ENDED or self.status.startswith("Mounted from")


class Screen(Protocol):
    """What shows layers."""

    def changed(self, name: str, layer: Layer, layers: Mapping[str, Layer]) -> None:
        """One of the layers has changed."""
        ...


class Layers:
    """What the events of a pull or a push say: call it with each.

    Attributes:
        layers: by the engine's short id, in the order of their appearance.
        error: the engine's message where it has failed; the SDK raises nothing for it.
        digest: of the image's manifest, where the engine has told it.
    """

    def __init__(self, screen: Screen) -> None:
        self.layers: dict[str, Layer] = {}
        self.error: str | None = None
        self.digest: str | None = None
        self._screen = screen

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Take one event in."""
        if "error" in event:
            self.error = " ".join(str((event.get("errorDetail") or {}).get("message") or event["error"]).split())
        self.digest = (event.get("aux") or {}).get("Digest", self.digest)
        status, name = str(event.get("status", "")), str(event.get("id", ""))
        if status.startswith("Digest: "):
            self.digest = status.removeprefix("Digest: ")
        if not name or not (name in self.layers or status in FIRST or status in MOVING):
            return
        layer = self.layers.setdefault(name, Layer(status))
        layer.status = status
        detail = event.get("progressDetail") or {}
        if status in MOVING and status != "Extracting":
            layer.current = int(detail.get("current", layer.current))
            layer.total = max(int(detail.get("total", layer.total)), layer.current)
        self._screen.changed(name, layer, self.layers)

    @property
    def sent(self) -> list[str]:
        """The layers that were pushed, by short id."""
        return [name for name, layer in self.layers.items() if layer.status == SENT]

    @property
    def reused(self) -> list[str]:
        """The layers that the registry had already."""
        return [name for name, layer in self.layers.items() if layer.ended and layer.status != SENT]


@contextmanager
def shown(title: str) -> Iterator[Layers]:
    """Show layers on their way.

    Args:
        title: what happens, such as ``Pushing``.
    """
    if not sys.stdout.isatty():
        yield Layers(_Lines(title))
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns) as progress:
        yield Layers(_Bars(title, progress))


class _Lines:
    def __init__(self, title: str) -> None:
        self._title = title
        self._last = time.monotonic()

    def changed(self, _name: str, _layer: Layer, layers: Mapping[str, Layer]) -> None:
        if time.monotonic() - self._last < SECONDS_BETWEEN_LINES:
            return
        self._last = time.monotonic()
        moved = sum(layer.current for layer in layers.values())
        console.say(f"{self._title}: {_count(layers)}, {console.size(moved)}")


class _Bars:
    """A bar for each layer that is under way, and one for all; what has ended makes room."""

    def __init__(self, title: str, progress: "Progress") -> None:
        self._title, self._progress = title, progress
        self._all = progress.add_task(title, total=None)
        self._bars: dict[str, TaskID] = {}

    def changed(self, name: str, layer: Layer, layers: Mapping[str, Layer]) -> None:
        moved = sum(one.current for one in layers.values())
        known = sum(one.total for one in layers.values())
        self._progress.update(
            self._all, description=f"{self._title}: {_count(layers)}", completed=moved, total=known or None
        )
        if layer.status in MOVING and name not in self._bars:
            self._bars[name] = self._progress.add_task("")
        if name in self._bars:
            self._progress.update(
                self._bars[name],
                description=f"  {name} {layer.status.lower()}",
                completed=layer.current,
                total=layer.total or None,
                visible=not layer.ended,
            )


def _count(layers: Mapping[str, Layer]) -> str:
    return f"{sum(layer.ended for layer in layers.values())} of {len(layers)} layers"
