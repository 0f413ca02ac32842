"""`make stop`: stops a training job or a tuning."""

from typing import Annotated, Any

from scripts.core import console, verb
from scripts.core.arguments import Application, Option

APP = Application("Stop a training job or a tuning; the models so far are kept.")


@APP.command()
def main(
    run: Annotated[str, Option("The job's name, or a unique beginning of it.", "RUN_TEXT")] = "",
    tuning: Annotated[str, Option("A tuning's name, in place of a job's.", "TUNING_TEXT")] = "",
) -> None:
    """Ask SageMaker to stop the job or tuning, without waiting until it has stopped."""
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
    verb.run(APP)
