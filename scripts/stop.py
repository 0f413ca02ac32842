"""`make stop`: stops a training job."""

from typing import Annotated

import typer

from scripts.core import console, verb

APP = verb.app("Stop a training job; its model so far is kept.")


@APP.command()
def main(
    run: Annotated[str, typer.Option(envvar="RUN_TEXT", help="The job's name, or a unique beginning of it.")] = "",
) -> None:
    """Ask SageMaker to stop the job, without waiting until it has stopped."""
    from scripts import runs
    from scripts.core import aws

    sagemaker = aws.client("sagemaker")
    job = runs.find(run, sagemaker)
    status = runs.describe(sagemaker, job)["TrainingJobStatus"]
    if status == "InProgress":
        status = runs.stop(sagemaker, job)
    if status in runs.ENDED:
        console.say(f"{job} is {status}: there is nothing to stop.")
        return
    console.say(f"{job} is stopping: its program has two minutes to save its model.")
    console.say(f"`make logs RUN={job}` follows it until it ends; `make model RUN={job}` then downloads its model.")


if __name__ == "__main__":
    verb.run(APP)
