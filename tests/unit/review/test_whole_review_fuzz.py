"""Renders random plans of the format to every page, and checks that no page contains a secret."""

import base64
import functools
import html
import json
import string
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scripts.review import reading, render
from scripts.review.model import Review
from scripts.review.review import review
from scripts.review.settings import NONE
from tests.unit.review.plans import document, documents, resource

pytestmark = pytest.mark.e2e

LIMIT = 65_536


def reviewed(raw: dict[str, Any]) -> Review:
    return review(reading.read(json.dumps(raw), "plan.json"), NONE)


def pages(found: Review) -> dict[str, str]:
    """Every page of a review, by name."""
    return {
        "markdown": render.markdown([found]),
        "html": render.html([found]),
        "terminal": "\n".join(render.terminal(found)),
        "data": json.dumps(render.data([found]), ensure_ascii=False),
    }


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(documents())
def test_any_plan_of_the_format_becomes_every_page(raw: dict[str, Any]) -> None:
    found = reviewed(raw)
    written = pages(found)
    for text in written.values():
        text.encode()
    assert len(written["markdown"]) <= LIMIT
    assert json.loads(written["data"])["reviews"][0]["digest"] == found.digest
    assert not any(character in written["terminal"] for character in "\x1b\x07\x9b")
    assert written == pages(reviewed(raw))


SECRETS = st.text(string.ascii_letters + string.digits + "-_.!%&<>+='\"\\ é", min_size=12, max_size=40).filter(
    lambda text: len(set(text)) > 8 and text == text.strip()
)
BEFORE, AFTER = "x-before-", "-after-x"


def forms(secret: str) -> set[str]:
    """The forms of a secret in a page: whole and in halves, as JSON, in an address, in hexadecimal and base64."""
    raw = secret.encode()
    found = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    found |= {quote(secret, safe=""), quote_plus(secret), raw.hex()}
    for shift in range(3):
        # The part of the base64 text that does not depend on its surroundings.
        found.add(base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")[4 if shift else 0 : -2])
    if len(secret) >= 16 and not set(secret) & set(":/ ,{"):
        found |= {secret[: len(secret) // 2], secret[len(secret) // 2 :]}
    return found


def planted(secret: str) -> dict[str, Any]:
    """A plan with a secret that is marked once and copied to every place that Terraform or a provider uses."""
    encoded = base64.b64encode(f"user:{secret}".encode()).decode()
    inside = {
        "tags": {"Note": secret, secret: "a key"},
        "tags_all": {"Note": secret},
        "url": f"https://user:{quote(secret, safe='')}@host/{quote_plus(secret)}",
        "user_data": base64.b64encode(secret.encode()).decode(),
        "header": f"Basic {encoded}",
        "hex": secret.encode().hex(),
        "policy": json.dumps({"Statement": [{"Sid": secret, "Effect": "Allow", "Action": "*", "Resource": secret}]}),
        "list": ["a", secret, {"deep": [f"{BEFORE}{secret}{AFTER}"]}],
        "json": json.dumps(json.dumps({"k": secret})),
    }
    marked = resource(
        "aws_ssm_parameter.p", ("update",), {"value": secret}, {"value": "b"}, before_sensitive={"value": True}
    )
    key = json.dumps(secret)
    copies = [
        resource("aws_s3_bucket.made", ("create",), None, inside),
        resource("aws_iam_role_policy.changed", ("update",), inside, {"policy": "{}"}),
        resource("aws_sqs_queue.gone", ("delete",), inside, None),
        resource("aws_db_instance.replaced", ("delete", "create"), inside, {}, replace_paths=[["tags", secret]]),
        resource("aws_sns_topic.imported", ("no-op",), {}, {}, importing={"id": secret}),
        {**resource("aws_sns_topic.each", ("create",), None, {}), "address": f"aws_sns_topic.each[{key}]"},
        {
            **resource("aws_sns_topic.moved", ("no-op",), {}, {}),
            "previous_address": f"module.m[{key}].aws_sns_topic.moved",
        },
    ]
    output = {"actions": ["update"], "before": inside, "after": f"now {secret}", "after_unknown": False}
    return document(
        marked,
        *copies,
        drift=(resource("aws_s3_bucket.drift", ("update",), inside, {}),),
        deferred_changes=[{"reason": secret, "resource_change": resource("aws_kms_key.k", ("create",), None, inside)}],
        output_changes={"o": output},
        variables={"v": {"value": secret}},
        configuration={"root_module": {"variables": {"v": {"default": secret, "sensitive": True}}}},
        checks=[{"address": {"to_display": f"check.c[{key}]"}, "status": "fail", "instances": []}],
        prior_state={"values": {"outputs": {"o": {"sensitive": False, "value": secret}}}},
    )


@functools.cache
def own_words() -> str:
    """The pages of such a plan with a fixed secret. A random secret may equal one of their words."""
    return "".join(pages(reviewed(planted("8f-Xq0.Lw_3Zk+Vb"))).values()).lower()


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(SECRETS)
def test_no_page_contains_a_secret_in_any_form(secret: str) -> None:
    ours = own_words()
    for name, text in pages(reviewed(planted(secret))).items():
        for page in (text, html.unescape(text)):
            for form in forms(secret):
                assert form.lower() not in page.lower() or form.lower() in ours, (name, form)
