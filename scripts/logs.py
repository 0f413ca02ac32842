"""`make logs`: follows a training job's log, or prints that of an ended job; or follows a tuning."""

from typing import Any

import click

from scripts.core import console, verb


@click.command()
@verb.option("--run", envvar="RUN_TEXT", default="", help="The job's name, or a unique beginning of it.")
@verb.option("--tuning", envvar="TUNING_TEXT", default="", help="A tuning's name, in place of a job's.")
def main(run: str, tuning: str) -> None:
    """Follow a training job: its status, its log, its epochs.

    Print the log from its beginning until the job has ended. Of a tuning, show its training jobs.
    """
    from scripts import runs
    from scripts.core import aws

    sagemaker = aws.client("sagemaker")
    if tuning:
        _follow_tuning(sagemaker, tuning)
        return
    job = runs.find(run, sagemaker)
    # An error at the start is reported; only later ones are waited for.
    status = runs.describe(sagemaker, job)["TrainingJobStatus"]
    with runs.following_job(job, status):
        runs.print_end(runs.save_record(runs.follow(job)))


def _follow_tuning(sagemaker: Any, text: str) -> None:
    from scripts import tuning

    name = tuning.find(text, sagemaker)
    status = tuning.describe(sagemaker, name)["HyperParameterTuningJobStatus"]
    with tuning.following_tuning(name, status):
        found = tuning.follow(name)
        tuning.print_end(found)
        if found.best is not None:
            console.say(f"`make report TUNING={name}` downloads its best model and writes its report.")


if __name__ == "__main__":
    verb.run(main)
