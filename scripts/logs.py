"""Follow a training job's log, or read that of one that has ended."""

from typing import Annotated

import typer

from scripts.core import verb

APP = verb.app("Follow a training job: its status, its log, its epochs.")


@APP.command()
def main(
    run: Annotated[str, typer.Option(envvar="RUN_TEXT", help="The job's name, or a beginning that only it has.")] = "",
) -> None:
    """Show the log from its beginning and go on until the job has ended."""
    from scripts import runs
    from scripts.core import aws

    sagemaker = aws.client("sagemaker")
    job = runs.find(run, sagemaker)
    with verb.on_interrupt(runs.come_back(job)):
        runs.say_end(runs.keep_record(runs.follow(sagemaker, job)))


if __name__ == "__main__":
    verb.run(APP)
