"""A secret of any length is found at any position in a text, and nothing else is found."""

import random
import string

import pytest

from scripts.review.secrets.search import MIN_LENGTH, SecretSearch

WORD = 16
"""From this length on, half of a word is enough to find it."""


@pytest.mark.parametrize("length", range(MIN_LENGTH, 40))
def test_a_secret_is_found_at_every_position(length: int) -> None:
    chance = random.Random(length)  # noqa: S311 -- to repeat, not to hide
    secret = "".join(chance.choices(string.ascii_letters, k=length))
    others = {"".join(chance.choices(string.ascii_letters, k=each)) for each in range(MIN_LENGTH, 40)}
    search = SecretSearch({secret, *others})
    for before in range(30):
        for after in (0, 1, 9):
            assert search.found_in("." * before + secret + "." * after)
    if length < WORD:
        assert not SecretSearch({secret}).found_in(f"{secret[:-1]}.{secret[1:]}")


def test_a_short_secret_is_found_only_as_the_whole_text() -> None:
    search = SecretSearch({"abc"})
    assert search.found_in("abc")
    assert not search.found_in("abcd")


def test_without_secrets_nothing_is_found() -> None:
    assert not SecretSearch(()).found_in("anything at all")
