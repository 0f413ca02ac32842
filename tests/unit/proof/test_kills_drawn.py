"""Which kills are drawn, and what is said of them."""

import signal
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.proof.job import Result
from scripts.proof.journey import Leg
from scripts.proof.kills import ENDING, SAVING, STARTING, TRAINING, Kill, draw
from scripts.proof.words import HEADER, row, verdict


@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(1, 3))
def test_a_seed_repeats_them(seed: int, count: int, hosts: int) -> None:
    kills = draw(seed, count, hosts)
    assert kills == draw(seed, count, hosts)
    assert len(kills) == count
    assert all(kill.hosts and set(kill.hosts) <= set(range(hosts)) for kill in kills)


@given(st.integers(0, 10_000))
def test_three_are_one_of_each_moment_and_two_cannot_be_heeded(seed: int) -> None:
    kills = draw(seed, 3, 1)
    assert {kill.moment for kill in kills} == {STARTING, TRAINING, SAVING}
    assert [kill.signal for kill in kills].count(signal.SIGKILL) == 2


def test_the_last_of_many_hits_the_end_after_which_nothing_is_left_to_train() -> None:
    moments = [kill.moment for kill in draw(0, 20, 1)]
    assert moments.index(ENDING) == 19
    assert {kill.hosts for kill in draw(0, 30, 2)} == {(0,), (1,), (0, 1)}


KILL = Kill(signal.SIGKILL, SAVING, 0.5, 0.5, (1,))
LEG = Leg(80, (20, 40), KILL, 12.34, (120, 140), True, (-9, 1), 9.04)


@pytest.mark.parametrize(
    ("leg", "cells"),
    [
        (LEG, "2 | step 80 | 20 to 40 | SIGKILL | 12 s | saving a checkpoint | 120 to 140; its checkpoint is torn"),
        (
            replace(
                LEG, kill=replace(KILL, moment=STARTING), went_on_from=None, repeated=None, reached=None, torn=False
            ),
            "2 | - | - | SIGKILL | 12 s | starting | -",
        ),
        (
            replace(LEG, kill=None, went_on_from=0, repeated=(0, 0), reached=(320, 320), torn=False),
            "2 | the beginning | 0 | not | 12 s | it ended by itself | 320",
        ),
    ],
)
def test_a_line_tells_of_a_start(leg: Leg, cells: str) -> None:
    line = row(2, replace(leg, survived=None), 1)
    assert " | ".join(cell.strip() for cell in line.split("  ") if cell.strip()) == cells
    assert line.index(cells.split(" | ")[1]) == HEADER.index("goes on from")


def test_a_line_tells_which_host_was_hit_and_how_the_others_fared() -> None:
    assert row(2, LEG, 2).endswith(
        "120 to 140; its checkpoint is torn; host 2 killed; the rest ended by itself in 9.0 s"
    )
    both = replace(LEG, kill=replace(KILL, hosts=(0, 1)), survived=None, torn=False)
    assert row(2, both, 2).endswith("120 to 140; all hosts killed")


def test_only_the_same_is_equal() -> None:
    alone = Result(320, "a" * 64, [{"epoch": 1, "val_accuracy": 0.5}])
    assert verdict(alone, replace(alone))[0]
    for other in (
        replace(alone, digest="b" * 64),
        replace(alone, step=319),
        replace(alone, history=[{"epoch": 1, "val_accuracy": 0.25}]),
    ):
        equal, lines = verdict(alone, other)
        assert not equal
        assert lines[-1].startswith("NOT equal")
        assert [line.split()[-3] for line in lines[:2]] == [alone.digest, other.digest]
