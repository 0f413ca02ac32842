"""A secret of any length is found wherever in a text it stands, and nothing else is."""

import random
import string

import pytest

from scripts.review.secret_search import SHORTEST, Needles

WORD = 16
"""Of a word as long as this, half is enough."""


@pytest.mark.parametrize("length", range(SHORTEST, 40))
def test_found_at_every_place(length: int) -> None:
    chance = random.Random(length)  # noqa: S311 -- to repeat, not to hide
    secret = "".join(chance.choices(string.ascii_letters, k=length))
    others = {"".join(chance.choices(string.ascii_letters, k=each)) for each in range(SHORTEST, 40)}
    needles = Needles({secret, *others})
    for before in range(30):
        for after in (0, 1, 9):
            assert needles.within("." * before + secret + "." * after)
    if length < WORD:
        assert not Needles({secret}).within(f"{secret[:-1]}.{secret[1:]}")


def test_what_is_shorter_is_found_only_as_the_whole_text() -> None:
    needles = Needles({"abc"})
    assert needles.within("abc")
    assert not needles.within("abcd")


def test_without_secrets_nothing_is_found() -> None:
    assert not Needles(()).within("anything at all")
