"""`make prove-resume`: kills a training run at random moments, and proves that its result is unchanged."""

import random
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from scripts import digits, proof
from scripts.core import console, verb

APP = verb.app("Kill a small training run at random moments, restart it, and compare it with an uninterrupted run.")

INTERRUPTED = "Interrupted. No process is left; run the same command to start over."


@APP.command()
def main(
    seed: Annotated[int | None, typer.Option(envvar="SEED_TEXT", help="Repeats the random kills.")] = None,
    kills: Annotated[int, typer.Option(envvar="KILLS_TEXT", min=1, help="The number of kills.")] = 3,
    hosts: Annotated[int, typer.Option(envvar="HOSTS_TEXT", min=1, max=4, help="Processes that train together.")] = 1,
) -> None:
    """Train once without and once with kills, and compare the results."""
    chosen = random.SystemRandom().randrange(10_000) if seed is None else seed
    again = f"make prove-resume SEED={chosen} KILLS={kills} HOSTS={hosts}"
    folder = Path(tempfile.mkdtemp(prefix="prove-resume-"))
    delete = False
    try:
        with verb.on_interrupt(INTERRUPTED):
            digits.write(folder / "digits")
            console.say(f"The seed of the kills is {chosen}. Repeat them with: {again}")
            delete = _prove(folder, proof.draw_kills(chosen, kills, hosts), hosts)
    except proof.ProofError as error:
        console.say(f"FAILED: {error}")
    except KeyboardInterrupt:
        delete = True
        raise
    finally:
        if delete:
            shutil.rmtree(folder)
    if not delete:
        console.say(f"Logs and checkpoints are in {folder}. Repeat the same kills with: {again}")
        raise SystemExit(1)


def _prove(folder: Path, kills: Sequence[proof.Kill], hosts: int) -> bool:
    """Run both, and return whether their results are equal."""
    with console.step("Uninterrupted run"):
        uninterrupted, timing = proof.run_uninterrupted(proof.Job(folder, "uninterrupted", hosts, proof.start_process))
        console.say(f"{uninterrupted.step} steps, a checkpoint every {proof.CHECKPOINT_STEPS} steps")
    with console.step("The same run, killed and restarted"):
        console.say(proof.HEADER)
        records = proof.run_with_kills(proof.Job(folder, "killed", hosts, proof.start_process), kills, timing)
        for number, record in enumerate(records, 1):
            if isinstance(record, proof.Result):
                killed = record
            else:
                console.say(proof.attempt_row(number, record, hosts))
    console.say()
    equal, lines = proof.compare(uninterrupted, killed)
    for line in lines:
        console.say(line)
    return equal


if __name__ == "__main__":
    verb.run(APP)
