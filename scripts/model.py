"""`make model`: downloads the model of a training job, or the best one of a tuning."""

from typing import Any

import click

from scripts.core import console, verb


@click.command()
@verb.option("--run", envvar="RUN_TEXT", default="", help="The job's name, or a unique beginning of it.")
@verb.option("--tuning", envvar="TUNING_TEXT", default="", help="A tuning's name: its best model.")
def main(run: str, tuning: str) -> None:
    """Download and unpack the model of a training job, or a tuning's best, into runs/<job>/model/.

    Download the model, unless runs/ has it already.
    """
    from scripts import runs
    from scripts.core import aws

    sagemaker = aws.client("sagemaker")
    job = _best_of(sagemaker, tuning) if tuning else runs.find(run, sagemaker)
    with verb.on_interrupt(f"Interrupted. No part of the model was kept; `make model RUN={job}` downloads it."):
        record, existed = runs.download_model(sagemaker, job)
    console.say(f"The model is {'already ' if existed else ''}in {record.model_path}.")


def _best_of(sagemaker: Any, text: str) -> str:
    from scripts import tuning

    return tuning.best_job(tuning.describe(sagemaker, tuning.find(text, sagemaker)))


if __name__ == "__main__":
    verb.run(main)
