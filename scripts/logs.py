"""`make logs`: follows a training job's log, or prints that of an ended job."""

from typing import Annotated

import typer

from scripts.core import verb

APP = verb.app("Follow a training job: its status, its log, its epochs.")


@APP.command()
def main(
    run: Annotated[str, typer.Option(envvar="RUN_TEXT", help="The job's name, or a unique beginning of it.")] = "",
) -> None:
    """Print the log from its beginning until the job has ended."""
    from scripts import runs
    from scripts.core import aws

    sagemaker = aws.client("sagemaker")
    job = runs.find(run, sagemaker)
    # An error at the start is reported; only later ones are waited for.
    status = runs.describe(sagemaker, job)["TrainingJobStatus"]
    with runs.following_job(job, status):
        runs.print_end(runs.save_record(runs.follow(job)))


if __name__ == "__main__":
    verb.run(APP)
