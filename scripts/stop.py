"""`make stop`: stops a training job or a tuning."""

from typing import Any

import click

from scripts.core import console, verb


@click.command()
@verb.option("--run", envvar="RUN_TEXT", default="", help="The job's name, or a unique beginning of it.")
@verb.option("--tuning", envvar="TUNING_TEXT", default="", help="A tuning's name, in place of a job's.")
def main(run: str, tuning: str) -> None:
    """Stop a training job or a tuning; the models so far are kept.

    Ask SageMaker to stop the job or tuning, without waiting until it has stopped.
    """
    from scripts import runs
    from scripts.core import aws

    sagemaker = aws.client("sagemaker")
    if tuning:
        _stop_tuning(sagemaker, tuning)
        return
    job = runs.find(run, sagemaker)
    status = runs.describe(sagemaker, job)["TrainingJobStatus"]
    if status == "InProgress":
        status = runs.stop(sagemaker, job)
    if status in runs.ENDED:
        console.say(f"{job} is {status}: there is nothing to stop.")
        return
    console.say(f"{job} is stopping: its program has two minutes to save its model.")
    console.say(f"`make logs RUN={job}` follows it until it ends; `make model RUN={job}` then downloads its model.")


def _stop_tuning(sagemaker: Any, text: str) -> None:
    from scripts import tuning

    name = tuning.find(text, sagemaker)
    status = tuning.describe(sagemaker, name)["HyperParameterTuningJobStatus"]
    if status == "InProgress":
        status = tuning.stop(sagemaker, name)
    if status in tuning.ENDED:
        console.say(f"{name} is {status}: there is nothing to stop.")
        return
    console.say(
        f"{name} is stopping: its training jobs have two minutes to save their models. The best so far is kept."
    )
    console.say(
        f"`make logs TUNING={name}` follows it until it ends; `make report TUNING={name}` then downloads the best."
    )


if __name__ == "__main__":
    verb.run(main)
