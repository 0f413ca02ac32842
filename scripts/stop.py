"""Stop a training job."""

from typing import Annotated

import typer

from scripts.core import console, verb

APP = verb.app("Stop a training job; the model that it has so far is kept.")


@APP.command()
def main(
    run: Annotated[str, typer.Option(envvar="RUN_TEXT", help="The job's name, or a beginning that only it has.")] = "",
) -> None:
    """Ask SageMaker to stop the job, and do not wait for it."""
    from scripts import runs
    from scripts.core import aws

    sagemaker = aws.client("sagemaker")
    job = runs.find(run, sagemaker)
    status = runs.describe(sagemaker, job)["TrainingJobStatus"]
    if status != "InProgress":
        console.say(f"{job} is {status}: there is nothing to stop.")
        return
    sagemaker.stop_training_job(TrainingJobName=job)
    console.say(f"{job} is stopping: its program has two minutes to save what it has.")
    console.say(f"`make logs RUN={job}` follows it to its end, `make model RUN={job}` then fetches its model.")


if __name__ == "__main__":
    verb.run(APP)
