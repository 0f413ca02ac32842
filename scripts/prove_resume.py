"""`make prove-resume`: kills a training run at random moments and shows that it ends as one that was left alone."""

import random
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from scripts import digits, proof
from scripts.core import console, verb

APP = verb.app("Kill a small training run at random moments, start it again, and compare it with one left alone.")

INTERRUPTED = "Interrupted; no process is left. The same command starts anew."


@APP.command()
def main(
    seed: Annotated[int | None, typer.Option(envvar="SEED_TEXT", help="Repeats the random moments.")] = None,
    kills: Annotated[int, typer.Option(envvar="KILLS_TEXT", min=1, help="How many.")] = 3,
    hosts: Annotated[int, typer.Option(envvar="HOSTS_TEXT", min=1, max=4, help="Processes that train together.")] = 1,
) -> None:
    """Train twice, the second time with kills, and compare."""
    chosen = random.SystemRandom().randrange(10_000) if seed is None else seed
    again = f"make prove-resume SEED={chosen} KILLS={kills} HOSTS={hosts}"
    folder = Path(tempfile.mkdtemp(prefix="prove-resume-"))
    good = False
    try:
        with verb.on_interrupt(INTERRUPTED):
            digits.write(folder / "digits")
            console.say(f"Kills drawn with seed {chosen}; the same again: {again}")
            good = _prove(folder, proof.draw(chosen, kills, hosts), hosts)
    except proof.BrokenError as broken:
        console.say(f"NOT as it should be: {broken}")
    except KeyboardInterrupt:
        good = True
        raise
    finally:
        if good:
            shutil.rmtree(folder)
    if not good:
        console.say(f"Logs and checkpoints are in {folder}; to draw the same kills: {again}")
        raise SystemExit(1)


def _prove(folder: Path, drawn: Sequence[proof.Kill], hosts: int) -> bool:
    """Whether both runs ended the same."""
    with console.step("A run that is left alone"):
        alone, pace = proof.uninterrupted(proof.Job(folder, "alone", hosts, proof.as_process))
        console.say(f"{alone.step} steps, a checkpoint every {proof.CHECKPOINT_STEPS} steps")
    with console.step("The same run, killed and started again"):
        console.say(proof.HEADER)
        legs = proof.travel(proof.Job(folder, "killed", hosts, proof.as_process), drawn, pace)
        for number, leg in enumerate(legs, 1):
            if isinstance(leg, proof.Result):
                killed = leg
            else:
                console.say(proof.row(number, leg, hosts))
    console.say()
    equal, lines = proof.verdict(alone, killed)
    for line in lines:
        console.say(line)
    return equal


if __name__ == "__main__":
    verb.run(APP)
