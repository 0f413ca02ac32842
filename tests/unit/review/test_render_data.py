"""review.json contains a Review's fields in a fixed order, as docs/review.md describes them."""

import dataclasses
import json
import re

from scripts.review.model import Review
from scripts.review.render import data
from tests.conftest import ROOT
from tests.unit.review import hostile_samples, samples


def test_it_contains_exactly_the_fields_of_a_review() -> None:
    written = data([hostile_samples.everything()])
    assert written["schema_version"] == 1
    [review] = written["reviews"]
    assert set(review) == {field.name for field in dataclasses.fields(Review)}
    expected = dataclasses.asdict(hostile_samples.everything())
    for finding in expected["findings"]:
        finding["severity"] = finding["severity"].name.lower()
    assert review["findings"] == list(expected["findings"])
    assert review["changes"] == json.loads(json.dumps(expected["changes"]))
    assert review["permissions"] == json.loads(json.dumps(expected["permissions"]))


def test_its_order_is_always_the_same() -> None:
    once, again = (json.dumps(data([hostile_samples.everything(), samples.three()])) for _ in range(2))
    assert once == again
    assert json.loads(once) == data([hostile_samples.everything(), samples.three()])


def test_counts_are_in_reading_order() -> None:
    counts = {"read": 1, "import": 2, "destroy": 3, "create": 4, "update": 0}
    [review] = data([dataclasses.replace(samples.empty(), counts=counts)])["reviews"]
    assert list(review["counts"].items()) == [("create", 4), ("destroy", 3), ("import", 2), ("read", 1)]


def test_the_docs_describe_every_field() -> None:
    described = set(re.findall(r"^\| `([a-z_]+)`", (ROOT / "docs" / "review.md").read_text(), re.MULTILINE))

    def names(value: object) -> set[str]:
        if isinstance(value, list):
            return set().union(*map(names, value)) if value else set()
        if isinstance(value, dict):
            return set(value).union(*(names(each) for key, each in value.items() if key != "counts"))
        return set()

    assert names(data([hostile_samples.everything()])) == described
