"""Which hyperparameters the next training job gets: ranges, scales, seeds, and what earlier results change."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.localcloud.tuning.ranges import NumberRange, combinations, number, read
from scripts.localcloud.tuning.sampling import STARTUP_JOBS, Result, suggest

RANGES = {
    "IntegerParameterRanges": [
        {"Name": "batch", "MinValue": "8", "MaxValue": "256", "ScalingType": "Logarithmic"},
        {"Name": "layers", "MinValue": "-1", "MaxValue": "3", "ScalingType": "Linear"},
    ],
    "ContinuousParameterRanges": [
        {"Name": "rate", "MinValue": "1e-5", "MaxValue": "1", "ScalingType": "Auto"},
        {"Name": "momentum", "MinValue": "0", "MaxValue": "0.999", "ScalingType": "ReverseLogarithmic"},
    ],
    "CategoricalParameterRanges": [{"Name": "optimizer", "Values": ["adam", "1"]}],
}
SPACE = read(RANGES)
GRID = read(
    {"CategoricalParameterRanges": [{"Name": "a", "Values": ["x", "y"]}, {"Name": "b", "Values": ["1", "2", "3"]}]}
)


def objective(values: dict[str, str]) -> float:
    distance = (math.log10(float(values["rate"])) + 3) ** 2
    return distance + (values["optimizer"] == "1") + abs(int(values["layers"]) - 1)


def search(strategy: str, seed: int, jobs: int, minimize: bool = True) -> list[dict[str, str]]:
    """Run a search with one job at a time, and return the values of its jobs."""
    results: list[Result] = []
    for _ in range(jobs):
        values = suggest(SPACE, strategy, seed, results, minimize=minimize)
        results.append(Result(values, objective(values)))
    return [dict(one.values) for one in results]


@pytest.mark.parametrize("strategy", ["Random", "Bayesian", "Hyperband"])
def test_the_same_seed_gives_the_same_jobs_with_one_job_at_a_time(strategy: str) -> None:
    first = search(strategy, 7, STARTUP_JOBS + 4)
    assert search(strategy, 7, STARTUP_JOBS + 4) == first
    assert search(strategy, 8, STARTUP_JOBS + 4) != first
    assert len({tuple(one.items()) for one in first}) == len(first)


@pytest.mark.parametrize("strategy", ["Random", "Hyperband"])
def test_random_values_do_not_depend_on_results(strategy: str) -> None:
    blind = [Result({}, running=True)] * 6
    assert suggest(SPACE, strategy, 7, blind, minimize=True) == search(strategy, 7, 7)[-1]


def test_in_parallel_the_same_results_give_the_same_suggestion_and_other_results_another() -> None:
    finished = [Result(one, objective(one)) for one in search("Random", 1, 8)]
    running = [Result(one, running=True) for one in search("Random", 2, 3)]
    suggested = suggest(SPACE, "Bayesian", 3, [*finished, *running], minimize=True)
    assert suggest(SPACE, "Bayesian", 3, [*finished, *running], minimize=True) == suggested
    assert suggest(SPACE, "Bayesian", 3, [*finished, *running], minimize=False) != suggested


def test_a_grid_is_every_combination_once() -> None:
    found = [suggest(GRID, "Grid", 5, [Result({})] * index, minimize=True) for index in range(combinations(GRID))]
    assert sorted(map(tuple, (one.values() for one in found))) == [(a, b) for a in "xy" for b in "123"]
    assert found == [suggest(GRID, "Grid", 6, [Result({})] * index, minimize=False) for index in range(6)]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31), count=st.integers(0, 50), strategy=st.sampled_from(["Random", "Hyperband"]))
def test_every_value_is_in_its_range_as_text(seed: int, count: int, strategy: str) -> None:
    values = suggest(SPACE, strategy, seed, [Result({})] * count, minimize=True)
    assert list(values) == ["batch", "layers", "rate", "momentum", "optimizer"]
    assert all(one.holds(values[one.name]) for one in SPACE)
    assert str(int(values["batch"])) == values["batch"]


def test_a_logarithmic_range_is_searched_by_its_exponent() -> None:
    drawn = [suggest(SPACE, "Random", seed, [], minimize=True) for seed in range(100)]
    assert 30 < sum(float(one["rate"]) < 10**-2.5 for one in drawn) < 70  # Auto, with a ratio of 100,000
    assert sum(float(one["momentum"]) > 0.9 for one in drawn) > 40  # 1 - momentum: 0.1 is the middle of 1 to 0.001
    assert 30 < sum(int(one["batch"]) < 45 for one in drawn) < 70


def test_bayesian_finds_a_better_value_than_random() -> None:
    """One seed, so the figure is the same in each run; benchmarks/ compare many."""
    bayesian, chance = (min(objective(one) for one in search(strategy, 1, 30)) for strategy in ("Bayesian", "Random"))
    assert bayesian < chance


def test_a_warm_start_begins_where_its_parents_ended() -> None:
    parents = [Result(one, objective(one)) for one in search("Bayesian", 4, 30)]
    outside = Result({**parents[0].values, "rate": "100"}, -1000.0)
    lacking = Result({"rate": "0.001"}, -1000.0)
    warm = suggest(SPACE, "Bayesian", 4, [], minimize=True, earlier=parents)
    assert suggest(SPACE, "Bayesian", 4, [], minimize=True, earlier=[*parents, outside, lacking]) == warm
    assert warm != suggest(SPACE, "Bayesian", 4, [], minimize=True)
    assert objective(warm) < 4


@pytest.mark.parametrize(("text", "integer"), [("1.5", True), ("nan", False), ("inf", False), ("x", False), ("", True)])
def test_a_bound_that_is_not_a_number_of_its_type_is_an_error(text: str, integer: bool) -> None:
    with pytest.raises(ValueError, match=r"is not an? (integer|finite number)"):
        number(text, integer)


def test_auto_is_linear_for_a_narrow_range_and_for_one_with_zero() -> None:
    def scaling(low: str, high: str) -> str:
        (one,) = read({"ContinuousParameterRanges": [{"Name": "x", "MinValue": low, "MaxValue": high}]})
        assert isinstance(one, NumberRange)
        return one.scaling.value

    assert [scaling("0", "1"), scaling("0.1", "10"), scaling("0.001", "1")] == ["Linear", "Linear", "Logarithmic"]
