"""The progress of layers, from events that a real engine sent for a pull and a push."""

from typing import Any

import pytest

from scripts.container import layers

Printed = pytest.CaptureFixture[str]
Event = dict[str, Any]
PUSH: list[Event] = [
    {"status": "The push refers to repository [localhost:5000/t]"},
    {"status": "Preparing", "progressDetail": {}, "id": "aa"},
    {"status": "Preparing", "progressDetail": {}, "id": "bb"},
    {"status": "Waiting", "progressDetail": {}, "id": "bb"},
    {"status": "Layer already exists", "progressDetail": {}, "id": "bb"},
    {"status": "Pushing", "progressDetail": {"current": 512, "total": 2000}, "progress": "[=> ]", "id": "aa"},
    {"status": "Pushing", "progressDetail": {"current": 2560}, "progress": "2.56kB", "id": "aa"},
    {"status": "Pushed", "progressDetail": {}, "id": "aa"},
    {"status": "v1: digest: sha256:12 size: 736"},
    {"progressDetail": {}, "aux": {"Tag": "v1", "Digest": "sha256:12", "Size": 736}},
]
PULL: list[Event] = [
    {"status": "Pulling from library/t", "id": "v1"},
    {"status": "Pulling fs layer", "progressDetail": {}, "id": "aa"},
    {"status": "Already exists", "progressDetail": {}, "id": "bb"},
    {"status": "Downloading", "progressDetail": {"current": 100, "total": 900}, "id": "aa"},
    {"status": "Verifying Checksum", "progressDetail": {}, "id": "aa"},
    {"status": "Download complete", "progressDetail": {}, "id": "aa"},
    {"status": "Extracting", "progressDetail": {"current": 900, "total": 900}, "id": "aa"},
    {"status": "Pull complete", "progressDetail": {}, "id": "aa"},
    {"status": "Digest: sha256:34"},
    {"status": "Status: Downloaded newer image for t:v1"},
]


def after(events: list[Event]) -> layers.Layers:
    with layers.show_progress("Moving") as progress:
        for event in events:
            progress(event)
    return progress


def test_the_layers_of_a_push_are_followed_to_the_end() -> None:
    progress = after(PUSH)
    assert {name: layer.status for name, layer in progress.layers.items()} == {
        "aa": "Pushed",
        "bb": "Layer already exists",
    }
    assert (progress.layers["aa"].current, progress.layers["aa"].total) == (2560, 2560)
    assert all(layer.ended for layer in progress.layers.values())
    assert progress.error is None


def test_the_tag_of_a_pull_is_not_shown_as_a_layer() -> None:
    progress = after(PULL)
    assert list(progress.layers) == ["aa", "bb"]
    assert progress.layers["aa"].total == 900
    assert all(layer.ended for layer in progress.layers.values())


def test_an_error_is_kept_in_one_line() -> None:
    progress = after([{"errorDetail": {"message": "tag invalid:\n taken"}, "error": "tag invalid"}])
    assert progress.error == "tag invalid: taken"


def test_without_a_terminal_progress_is_printed_in_lines(monkeypatch: pytest.MonkeyPatch, capsys: Printed) -> None:
    after(PUSH)
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(layers, "SECONDS_BETWEEN_LINES", 0.0)
    after(PUSH)
    assert capsys.readouterr().out.splitlines()[-1] == "Moving: 2 of 2 layers, 2.6 kB"


def test_at_a_terminal_each_layer_has_a_bar(monkeypatch: pytest.MonkeyPatch, capsys: Printed) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    after(PUSH[:-3])
    shown = capsys.readouterr().out
    assert "Moving: 1 of 2 layers" in shown
    assert "aa pushing" in shown
