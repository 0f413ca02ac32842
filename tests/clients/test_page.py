"""The table of clients is made of their results, and the results of the versions that are pinned."""

import json
import re

from tests.clients.__main__ import CLIENTS
from tests.clients.page import END, RESULTS, START, insert_table, render_table
from tests.conftest import ROOT


def test_the_page_has_the_table_of_the_results() -> None:
    page = (ROOT / "docs" / "local-cloud.md").read_text()
    assert START in page
    assert END in page
    assert insert_table(page, json.loads(RESULTS.read_text())) == page, "python -m tests.clients.page"


def test_the_results_are_of_the_pinned_versions() -> None:
    found = {entry["name"]: entry["version"] for entry in json.loads(RESULTS.read_text())["clients"]}
    pinned = {}
    for client in CLIENTS:
        pins = (ROOT / f"requirements-{client.name}.txt").read_text()
        match = re.search(rf"^{client.package}==(\S+)", pins, re.MULTILINE)
        assert match
        pinned[client.name] = match[1]
    assert found == pinned, "python -m tests.clients"


def test_a_client_s_name_stands_once_and_a_bar_does_not_end_a_cell() -> None:
    calls = [{"what": "a|b", "result": "works"}, {"what": "c", "result": "fails: X: <y>"}]
    entry = {"title": "T", "package": "p", "version": "1", "calls": calls}
    assert render_table({"clients": [entry]}).splitlines()[2:] == [
        r"| T (p 1) | a\|b | works |",
        "|  | c | fails: X: &lt;y> |",
    ]
