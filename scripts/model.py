"""Bring a training job's model home."""

from typing import Annotated

import typer

from scripts.core import console, verb

APP = verb.app("Download and unpack a training job's model into runs/<job>/model/.")


@APP.command()
def main(
    run: Annotated[str, typer.Option(envvar="RUN_TEXT", help="The job's name, or a beginning that only it has.")] = "",
) -> None:
    """Fetch the model, unless it is there already."""
    from scripts import runs
    from scripts.core import aws

    sagemaker = aws.client("sagemaker")
    job = runs.find(run, sagemaker)
    with verb.on_interrupt(f"Interrupted. Nothing of the model was kept; `make model RUN={job}` fetches it."):
        record, was_there = runs.fetch_model(sagemaker, job)
    console.say(f"The model is {'already ' if was_there else ''}in {record.model_path}.")


if __name__ == "__main__":
    verb.run(APP)
