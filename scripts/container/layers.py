"""The progress of a pull or push, from Docker's events: a bar for each layer at a terminal, otherwise some lines.

https://docs.docker.com/reference/api/engine/version/v1.43/#tag/Image/operation/ImagePush
"""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from scripts.core import console
from scripts.core.printable import one_line

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

SECONDS_BETWEEN_LINES = 5.0
SENT, EXISTS = "Pushed", "Layer already exists"
MOVING = {"Downloading", "Pushing", "Extracting"}
ENDED = {"Pull complete", "Already exists", SENT, EXISTS}
# The first event of a layer has one of these. Other events are not about layers: "Pulling from NAME" has the tag as id.
FIRST = {"Pulling fs layer", "Preparing", "Waiting", *ENDED}


@dataclass
class Layer:
    """A layer, as in the engine's last event about it.

    Args:
        status: such as ``Downloading`` or ``Pushed``.
        current: the transferred bytes; for a push, before compression.
        total: the layer's bytes; 0 until the engine reports them.
    """

    status: str
    current: int = 0
    total: int = 0

    @property
    def ended(self) -> bool:
        """Whether the layer is complete."""
        return self.status in ENDED or self.status.startswith("Mounted from")


class Screen(Protocol):
    """Shows layers."""

    def changed(self, name: str, layer: Layer, layers: Mapping[str, Layer]) -> None:
        """Show that one of the layers has changed."""
        ...


class Layers:
    """The state of a pull or push. Call it with each event of the engine.

    Attributes:
        layers: by the engine's short id, in the order of their first events.
        error: the engine's error message, if it failed; the SDK raises no exception for it.
        digest: the digest of the image's manifest, if the engine reported it.
    """

    def __init__(self, screen: Screen) -> None:
        self.layers: dict[str, Layer] = {}
        self.error: str | None = None
        self.digest: str | None = None
        self._screen = screen

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Process one event."""
        if "error" in event:
            self.error = " ".join(str((event.get("errorDetail") or {}).get("message") or event["error"]).split())
        self.digest = (event.get("aux") or {}).get("Digest", self.digest)
        status, name = one_line(str(event.get("status", ""))), one_line(str(event.get("id", "")))
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
        """The layers that already existed in the registry."""
        return [name for name, layer in self.layers.items() if layer.ended and layer.status != SENT]


@contextmanager
def show_progress(title: str) -> Iterator[Layers]:
    """Show the progress of layers.

    Args:
        title: the title of the progress, such as ``Pushing``.
    """
    if not sys.stdout.isatty():
        yield Layers(_Lines(title))
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn())
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
    """A bar for each layer in progress, and one for all layers; the bars of complete layers disappear."""

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
