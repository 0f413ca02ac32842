"""Which calls get a fault: the same ones for the same seed, as many as the rules say."""

from hypothesis import given
from hypothesis import strategies as st

from scripts.localcloud.faults import parse
from scripts.localcloud.faults.decision import Tally, decide


def run(text: str, calls: list[tuple[str, str]]) -> tuple[list[str | None], tuple[Tally, ...]]:
    """The text of the rule that each call in turn meets, and the tallies at the end."""
    faults = parse(text)
    tallies = (Tally(),) * len(faults.rules)
    met = []
    for service, operation in calls:
        rule, tallies = decide(faults, tallies, service, operation)
        met.append(rule.text if rule else None)
    return met, tallies


PUT, GET = ("s3", "PutObject"), ("s3", "GetObject")


def test_a_number_of_calls_is_the_first_ones() -> None:
    met, tallies = run("s3:PutObject 503 2x", [PUT, GET, PUT, PUT])
    assert met == ["s3:PutObject 503 2x", None, "s3:PutObject 503 2x", None]
    assert tallies == (Tally(calls=3, struck=2),)


def test_the_first_rule_that_strikes_wins() -> None:
    met, tallies = run("s3:Put* 503 1x, s3 cut-after", [PUT, PUT, GET])
    assert met == ["s3:Put* 503 1x", "s3 cut-after", "s3 cut-after"]
    assert tallies == (Tally(2, 1), Tally(2, 2))


def test_a_share_is_kept_in_the_long_run() -> None:
    for seed in range(5):
        (tally,) = run(f"* 500 20%, seed={seed}", [PUT] * 2000)[1]
        assert 330 < tally.struck < 470


def test_a_share_and_a_number_hold_together() -> None:
    met, _ = run("* 500 20% 3x", [PUT] * 100)
    assert sum(text is not None for text in met) == 3
    assert met[:3] != ["* 500 20% 3x"] * 3


def test_the_seed_decides() -> None:
    first, again, other = (run(f"* 500 20%, seed={seed}", [PUT] * 50)[0] for seed in (1, 1, 2))
    assert first == again
    assert first != other


@given(st.lists(st.sampled_from([PUT, GET]), max_size=40))
def test_calls_of_others_change_nothing(calls: list[tuple[str, str]]) -> None:
    """Threads send calls in any order. A rule's n-th call has the same fate in each."""
    mixed, _ = run("s3:PutObject 500 30%, s3:GetObject 503 30%", calls)
    alone, _ = run("s3:PutObject 500 30%, s3:GetObject 503 30%", [call for call in calls if call == PUT])
    assert [text for text, call in zip(mixed, calls, strict=True) if call == PUT] == alone
