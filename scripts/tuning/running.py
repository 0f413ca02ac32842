"""Runs a tuning: prints what it searches and costs, sends the request, follows it, downloads the best model."""

from scripts import training
from scripts.core import aws, console
from scripts.tuning.conclusion import conclude
from scripts.tuning.cost import cost_line
from scripts.tuning.following import follow, following_tuning
from scripts.tuning.lines import end_lines
from scripts.tuning.preparation import PreparedTuning
from scripts.tuning.results import Tuning
from scripts.tuning.sending import TUNING
from scripts.tuning.space import range_line


def run(prepared: PreparedTuning) -> Tuning:
    """Run a tuning until it ends.

    Args:
        prepared: the tuning.

    Returns:
        The tuning at its end.

    Raises:
        UserError: AWS refused the request for a reason that you can correct, or the tuning exists and following it or
            what comes after has failed.
    """
    request = prepared.request
    name = request["HyperParameterTuningJobName"]
    console.say(cost_line(prepared.search, prepared.job.request, aws.region()))
    training.send(request, TUNING)
    console.say(f"Tuning: {name}")
    with following_tuning(name):
        tuning = follow(name)
    print_end(tuning)
    conclude(tuning)
    return tuning


def search_lines(prepared: PreparedTuning) -> list[str]:
    """What a tuning searches, as lines that are printed before it is sent."""
    search, table = prepared.search, prepared.search.table
    goal = f"{'the least' if search.direction == 'Minimize' else 'the greatest'} {table.objective}"
    jobs = f"{search.max_jobs} training jobs, {table.parallel_jobs} at a time"
    return [f"Search: {goal}, {table.strategy}, {jobs}", *(f"  {range_line(one)}" for one in search.ranges)]


def print_end(tuning: Tuning) -> None:
    """Print the summary of a tuning that has ended."""
    for line in end_lines(tuning):
        console.say(line)
