"""`make logs`: follows a training job's log, or prints that of an ended job; or follows a tuning."""

from typing import Annotated, Any

from scripts.core import console, verb
from scripts.core.arguments import Application, Option

APP = Application("Follow a training job: its status, its log, its epochs.")


@APP.command()
def main(
    run: Annotated[str, Option("The job's name, or a unique beginning of it.", "RUN_TEXT")] = "",
    tuning: Annotated[str, Option("A tuning's name, in place of a job's.", "TUNING_TEXT")] = "",
) -> None:
    """Print the log from its beginning until the job has ended. Of a tuning, show its training jobs."""
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
    verb.run(APP)
