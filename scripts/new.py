"""`make new`: writes a job file for a program of one's own, with what the program says about its job."""

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scripts.core import console, verb
from scripts.core.errors import UserError

if TYPE_CHECKING:
    from scripts.jobfile.script import Script


@click.command()
@verb.option("--name", envvar="NAME_TEXT", default="", help="The new job file's name, without .toml.")
@verb.option("--code", envvar="CODE_TEXT", default="", help="The folder with your code.")
@verb.option("--program", envvar="PROGRAM_TEXT", default="train.py", help="The script in it that trains.")
def main(name: str, code: str, program: str) -> None:
    """Write a job file for a training script of your own.

    Write jobs/NAME.toml. The script is read, not run.
    """
    from scripts import jobfile
    from scripts.jobfile import reading, script, template

    path = reading.FOLDER / f"{name}.toml"
    if not name or not code:
        raise UserError(
            f"{'No name' if not name else 'No folder with code'} is given.",
            "For example: `make new NAME=my-job CODE=../my-project PROGRAM=train.py`.",
        )
    reading.check_name(name, f"NAME={name}", lambda fitting: f"For example: NAME={fitting or 'my-job'}.")
    if path.exists():
        raise UserError(f"{path} exists already.", "Choose another NAME, or delete the file.")
    jobfile.check_program(program, code)
    found = script.read_script(Path(code) / program) if program.endswith(".py") else script.Script((), (), (), True)
    text = template.job_file(name, code, program, found)
    reading.parse_job(tomllib.loads(text), str(path))  # a code or program that a job file may not name
    path.write_text(text, encoding="utf-8")
    console.say(f"Wrote {path}: {_summary(found)}.")
    if not found.saves:
        console.say(f"{program} names neither SM_MODEL_DIR nor /opt/ml/model: nothing else becomes the model.")
    console.say(f"Look at it. Then `make image JOB={name}` and `make train JOB={name}`: docs/bring-your-own-script.md.")


def _summary(found: "Script") -> str:
    counts = (("argument", found.arguments), ("channel", found.channels), ("metric", found.metrics))
    return console.listed([f"{len(each)} {noun}{'s' * (len(each) != 1)}" for noun, each in counts])


if __name__ == "__main__":
    verb.run(main)
