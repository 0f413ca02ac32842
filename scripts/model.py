"""`make model`: downloads a training job's model."""

from typing import Annotated

import typer

from scripts.core import console, verb

APP = verb.app("Download and unpack a training job's model into runs/<job>/model/.")


@APP.command()
def main(
    run: Annotated[str, typer.Option(envvar="RUN_TEXT", help="The job's name, or a unique beginning of it.")] = "",
) -> None:
    """Download the model, unless runs/ has it already."""
    from scripts import runs
    from scripts.core import aws

    sagemaker = aws.client("sagemaker")
    job = runs.find(run, sagemaker)
    with verb.on_interrupt(f"Interrupted. No part of the model was kept; `make model RUN={job}` downloads it."):
        record, existed = runs.download_model(sagemaker, job)
    console.say(f"The model is {'already ' if existed else ''}in {record.model_path}.")


if __name__ == "__main__":
    verb.run(APP)
