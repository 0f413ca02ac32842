"""A review shows no secret of a plan: not in clear, not encoded, not in part."""

import base64
import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.review.reading import read
from scripts.review.review import review
from scripts.review.settings import NONE
from tests.unit.review.plans import POLICY, document, every_text, resource

CANARY = 'cAnary-5é"<7x&92k\\q'
"""It has characters that JSON, addresses and Terraform escape, and no heuristic recognises it as a secret."""


def encodings(secret: str) -> Iterator[str]:
    """The forms of a secret that a review must not contain, in upper or lower case."""
    raw = secret.encode()
    yield secret
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield json.dumps(json.dumps(secret))[3:-3]
    yield secret.replace('"', '\\"').replace("<", "\\u003c").replace("&", "\\u0026")
    yield quote(secret)
    yield quote(secret, safe="")
    yield raw.hex()
    yield base64.b64encode(raw).decode().rstrip("=")[:-1]
    half = len(secret) // 2
    yield secret[: max(half, 8)]
    yield secret[-max(half, 8) :]


def leaks(raw: dict[str, Any], secret: str = CANARY) -> list[str]:
    """The texts of a plan's review that contain a secret."""
    needles = {each.lower() for each in encodings(secret)}
    texts = list(every_text(review(read(json.dumps(raw), "plan.json"), NONE)))
    return [text for text in texts if any(needle in text.lower() for needle in needles)]


def _packed(text: str) -> str:
    return base64.b64encode(gzip.compress(text.encode() * 2, mtime=0)).decode()


def sensitive_value() -> dict[str, Any]:
    """A change with a secret at unmarked places; the mark is elsewhere in the plan."""
    wrapped = {
        "plain": CANARY,
        "part": f"postgres://user:{CANARY}@host",
        "nested": [{"deep": [CANARY.upper(), 3]}],
        "json": json.dumps({"a": [CANARY]}),
        "json_in_json": json.dumps({"a": json.dumps({"b": CANARY})}),
        "user_data": base64.b64encode(f"#!/bin/sh\nexport X={CANARY}\n".encode()).decode(),
        "gzip": base64.b64encode(gzip.compress(f"#!/bin/sh\nexport X={CANARY}\n".encode(), mtime=0)).decode(),
        "gzip_in_a_script": f"#!/bin/sh\necho {_packed(f'#!/bin/sh{chr(10)}echo {_packed(CANARY + chr(10))}')} | sh\n",
        "wide": base64.b64encode(f"Write-Host {CANARY}\nls\n".encode("utf-16-le")).decode(),
        "hex": CANARY.encode().hex(),
        "query": f"https://host/?q={quote(CANARY)}",
        "policy": json.dumps({**POLICY, "Id": CANARY}),
        "half": CANARY[: len(CANARY) // 2],
        "other_half": "x" + CANARY[len(CANARY) // 2 :],
        CANARY: "as a key",
        "tags": {f"key {CANARY}": "x", "k": CANARY},
    }
    return resource(f"aws_instance.i[{json.dumps(CANARY)}]", ("create",), None, wrapped)


MARKED: dict[str, Callable[[], dict[str, Any]]] = {
    "before": lambda: document(
        sensitive_value(), resource(before={"a": [{"b": CANARY}]}, after={}, before_sensitive={"a": [{"b": True}]})
    ),
    "after": lambda: document(sensitive_value(), resource(before={}, after={"a": CANARY}, after_sensitive={"a": True})),
    "a bare true": lambda: document(
        sensitive_value(), resource(before={"a": CANARY}, after={"b": [CANARY]}, before_sensitive=True)
    ),
    "the other side's mark": lambda: document(
        sensitive_value(), resource(before={"a": "x"}, after={"a": CANARY}, before_sensitive={"a": True})
    ),
    "drift": lambda: document(
        sensitive_value(), drift=(resource(before={"a": CANARY}, after={"a": "x"}, before_sensitive={"a": True}),)
    ),
    "deferred": lambda: document(
        sensitive_value(),
        deferred_changes=[
            {"reason": "x", "resource_change": resource(after={"a": CANARY}, after_sensitive={"a": True})}
        ],
    ),
    "an output": lambda: document(
        sensitive_value(),
        output_changes={"o": {"actions": ["update"], "before": "x", "after": {"a": CANARY}, "after_sensitive": True}},
    ),
    "planned values": lambda: document(
        sensitive_value(),
        planned_values={
            "root_module": {
                "child_modules": [{"resources": [{"values": {"p": CANARY}, "sensitive_values": {"p": True}}]}]
            }
        },
    ),
    "planned outputs": lambda: document(
        sensitive_value(), planned_values={"outputs": {"o": {"sensitive": True, "value": [CANARY]}}}
    ),
    "the prior state": lambda: document(
        sensitive_value(),
        prior_state={
            "values": {"root_module": {"resources": [{"values": {"p": [CANARY]}, "sensitive_values": {"p": [True]}}]}}
        },
    ),
    "a variable": lambda: document(
        sensitive_value(),
        variables={"v": {"value": {"a": CANARY}}},
        configuration={"root_module": {"variables": {"v": {"sensitive": True}}}},
    ),
    "a default": lambda: document(
        sensitive_value(),
        configuration={"root_module": {"variables": {"v": {"sensitive": True, "default": CANARY}}}},
    ),
    "a module's variable": lambda: document(
        sensitive_value(),
        configuration={
            "root_module": {
                "module_calls": {
                    "m": {
                        "expressions": {"v": {"constant_value": CANARY}},
                        "module": {"variables": {"v": {"sensitive": True}}},
                    }
                }
            }
        },
    ),
    "a provider's settings": lambda: document(
        sensitive_value(),
        configuration={"provider_config": {"aws": {"expressions": {"secret_key": {"constant_value": CANARY}}}}},
    ),
    "JSON in a marked text": lambda: document(
        sensitive_value(),
        resource(
            "aws_secretsmanager_secret_version.s",
            ("create",),
            None,
            {"secret_string": json.dumps({"user": "u", "password": CANARY})},
            after_sensitive={"secret_string": True},
        ),
    ),
}


@pytest.mark.parametrize("place", MARKED)
def test_a_marked_secret_is_not_shown(place: str) -> None:
    assert leaks(MARKED[place]()) == []


def test_an_unmarked_canary_is_shown() -> None:
    """Without a mark the review shows the canaries, so the other tests would see a leak."""
    assert len(leaks(document(sensitive_value()))) > 8


def test_a_canary_in_every_text_of_an_entry() -> None:
    marked = resource(before={"a": CANARY}, after={}, before_sensitive=True)
    entry = resource(
        f"module.m[{json.dumps(CANARY)}].aws_iam_role.r[{json.dumps('x' + CANARY)}]",
        ("delete", "create"),
        {"policy": "a"},
        {"policy": CANARY},
        replace_paths=[["tags", CANARY]],
        importing={"id": CANARY},
        entry={"previous_address": f"aws_iam_role.r[{json.dumps(CANARY)}]", "action_reason": CANARY, "deposed": CANARY},
    )
    checks = [{"address": {"to_display": f"aws_iam_role.r[{json.dumps(CANARY)}]"}, "status": "fail"}]
    assert leaks(document(marked, entry, drift=(entry,), checks=checks)) == []


secrets = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=9, max_size=24).map(
    lambda text: "q7" + text.strip()
)


@pytest.mark.e2e
@settings(max_examples=25, deadline=None)
@given(secrets.filter(lambda text: len(text) > 8))
def test_a_secret_of_any_characters_is_not_shown(secret: str) -> None:
    values = {
        "a": f"in {secret} a sentence",
        "b": json.dumps([secret]),
        "c": base64.b64encode(f"xy{secret}z".encode()).decode(),
        "d": quote(secret, safe=""),
        "e": secret.encode().hex(),
    }
    raw = document(
        resource("a.b", ("update",), {"p": secret}, {"p": "new"}, before_sensitive={"p": True}),
        resource("a.c", ("create",), None, values),
    )
    needles = {secret.lower(), json.dumps(secret)[1:-1].lower(), quote(secret, safe="").lower(), secret.encode().hex()}
    texts = list(every_text(review(read(json.dumps(raw), "p"), NONE)))
    assert [text for text in texts for needle in needles if needle in text.lower()] == []
