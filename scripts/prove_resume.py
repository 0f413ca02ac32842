"""`make prove-resume`: interrupts a training run, and proves that its result is unchanged.

With JOB it is the job of a job file, on the local cloud. Without, it is our trainer on the digits, as bare processes:
only so do the kills hit every moment, such as the middle of a checkpoint, or one host of two.
"""

import contextlib
import os
import random
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from scripts import digits, localcloud, proof
from scripts.core import console, verb
from scripts.core.errors import UserError

INTERRUPTED = "Interrupted. No process is left; run the same command to start over."
BETWEEN_JOBS = "Interrupted. No job is running; the earlier runs are in runs/."


@click.command()
@verb.option("--job", envvar="JOB_TEXT", default="", help="A job file's name; default: the digits.")
@verb.option("--seed", envvar="SEED_TEXT", type=int, help="Repeats the random kills.")
@verb.option("--kills", envvar="KILLS_TEXT", type=click.IntRange(min=1), default=3, help="The number of kills.")
@verb.option(
    "--hosts", envvar="HOSTS_TEXT", type=click.IntRange(min=1, max=4), default=1, help="Processes that train together."
)
@verb.option("--cloud", envvar="CLOUD_TEXT", default="local", hidden=True)
@verb.option("--hp", multiple=True, help="A hyperparameter, name=value; may be repeated.")
@verb.option("--yes", is_flag=True, envvar="YES_TEXT", help="Confirm deletions beforehand.")
def main(job: str, seed: int | None, kills: int, hosts: int, cloud: str, hp: tuple[str, ...], yes: bool) -> None:
    """Interrupt a training run again and again, and compare its result with that of an uninterrupted run.

    Train with and without interruptions, and compare. HP_TEXT may contain more hyperparameters, as for train.

    Exit code 0: the same result. 1: an interruption loses work, or changes the result. 2: an error of yours.
    """
    if not job:
        _prove_digits(seed, kills, hosts)
        return
    if cloud != "local":
        raise UserError(
            f"CLOUD={cloud}: on AWS nobody can order the interruption of a job.",
            f"Leave CLOUD out: `make prove-resume JOB={job}` runs on the local cloud.",
        )
    if seed is not None or hosts > 1:
        raise UserError(
            "SEED and HOSTS are for `make prove-resume` without JOB.", "Leave them out, or leave JOB out to kill ours."
        )
    if kills > localcloud.MAX_INTERRUPTIONS:
        raise UserError(
            f"KILLS={kills}: the local cloud interrupts a job at most {localcloud.MAX_INTERRUPTIONS} times.",
            "Type a smaller number.",
        )
    if not _prove_job(job, kills, hp, yes):
        raise SystemExit(1)


def _prove_job(name: str, kills: int, hp: Sequence[str], yes: bool) -> bool:
    """Whether a job of a job file loses nothing when the local cloud interrupts it."""
    from scripts import job_proof, jobfile, training

    spec = job_proof.as_spot(name, jobfile.read_job(name))
    typed = jobfile.read_assignments(os.environ.get("HP_TEXT", ""), hp)
    localcloud.use()
    cloud = localcloud.required()
    localcloud.enter(cloud)

    @contextlib.contextmanager
    def interrupting(order: str) -> Iterator[None]:
        os.environ["AWS_SDK_UA_APP_ID"] = localcloud.order_interruptions(cloud, order)
        try:
            yield
        finally:
            del os.environ["AWS_SDK_UA_APP_ID"]

    prepared = training.prepare(name, spec, typed, os.environ["ENV_TEXT"], console.say)
    training.upload(prepared, yes)
    with verb.on_interrupt(BETWEEN_JOBS):
        return job_proof.prove(prepared, kills, interrupting)


def _prove_digits(seed: int | None, kills: int, hosts: int) -> None:
    """Train ours once without and once with kills, and compare the results."""
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
    whole, cut = (
        proof.Job(folder, name, hosts, proof.start_process, proof.epochs_for(len(kills)))
        for name in ("uninterrupted", "killed")
    )
    with console.step("Uninterrupted run"):
        uninterrupted, timing = proof.run_uninterrupted(whole)
        console.say(f"{uninterrupted.step} steps, a checkpoint every {proof.CHECKPOINT_STEPS} steps")
    with console.step("The same run, killed and restarted"):
        console.say(proof.HEADER)
        records = proof.run_with_kills(cut, kills, timing)
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
    verb.run(main)
