"""Drawing kills, and printing attempts and results."""

import signal
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.proof.attempts import AttemptRecord
from scripts.proof.job import Result
from scripts.proof.kills import ENDING, SAVING, STARTING, TRAINING, Kill, draw_kills
from scripts.proof.report import HEADER, attempt_row, compare


@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(1, 3))
def test_a_seed_repeats_its_kills(seed: int, count: int, hosts: int) -> None:
    kills = draw_kills(seed, count, hosts)
    assert kills == draw_kills(seed, count, hosts)
    assert len(kills) == count
    assert all(kill.hosts and set(kill.hosts) <= set(range(hosts)) for kill in kills)


@given(st.integers(0, 10_000))
def test_three_kills_hit_each_moment_once_and_two_are_sigkill(seed: int) -> None:
    kills = draw_kills(seed, 3, 1)
    assert {kill.moment for kill in kills} == {STARTING, TRAINING, SAVING}
    assert [kill.signal for kill in kills].count(signal.SIGKILL) == 2


def test_the_last_of_many_kills_hits_the_end() -> None:
    moments = [kill.moment for kill in draw_kills(0, 20, 1)]
    assert moments.index(ENDING) == 19
    assert {kill.hosts for kill in draw_kills(0, 30, 2)} == {(0,), (1,), (0, 1)}


KILL = Kill(signal.SIGKILL, SAVING, 0.5, 0.5, (1,))
RECORD = AttemptRecord(80, (20, 40), KILL, 12.34, (120, 140), True, (-9, 1), 9.04)


@pytest.mark.parametrize(
    ("record", "cells"),
    [
        (RECORD, "2 | step 80 | 20 to 40 | SIGKILL | 12 s | saving a checkpoint | 120 to 140; its checkpoint is torn"),
        (
            replace(
                RECORD, kill=replace(KILL, moment=STARTING), resumed_from=None, repeated=None, reached=None, torn=False
            ),
            "2 | - | - | SIGKILL | 12 s | starting | -",
        ),
        (
            replace(RECORD, kill=None, resumed_from=0, repeated=(0, 0), reached=(320, 320), torn=False),
            "2 | the beginning | 0 | none | 12 s | it ended by itself | 320",
        ),
    ],
)
def test_row_of_an_attempt(record: AttemptRecord, cells: str) -> None:
    line = attempt_row(2, replace(record, survivor_seconds=None), 1)
    assert " | ".join(cell.strip() for cell in line.split("  ") if cell.strip()) == cells
    assert line.index(cells.split(" | ")[1]) == HEADER.index("resumed from")


def test_row_names_killed_hosts_and_the_time_of_the_others() -> None:
    assert attempt_row(2, RECORD, 2).endswith(
        "120 to 140; its checkpoint is torn; host 2 killed; the other hosts ended by themselves in 9.0 s"
    )
    both = replace(RECORD, kill=replace(KILL, hosts=(0, 1)), survivor_seconds=None, torn=False)
    assert attempt_row(2, both, 2).endswith("120 to 140; all hosts killed")


def test_only_identical_results_are_equal() -> None:
    uninterrupted = Result(320, "a" * 64, [{"epoch": 1, "val_accuracy": 0.5}])
    assert compare(uninterrupted, replace(uninterrupted))[0]
    for other in (
        replace(uninterrupted, digest="b" * 64),
        replace(uninterrupted, step=319),
        replace(uninterrupted, history=[{"epoch": 1, "val_accuracy": 0.25}]),
    ):
        equal, lines = compare(uninterrupted, other)
        assert not equal
        assert lines[-1].startswith("NOT equal")
        assert [line.split()[-3] for line in lines[:2]] == [uninterrupted.digest, other.digest]
