"""`make sweep`: removes what a stack's jobs and uploads left, after you confirm."""

from datetime import UTC, datetime

import click

from scripts.core import console, verb

FIX = "Confirm beforehand with YES=1: then all of it is removed."


@click.command()
@verb.option("--env", envvar="ENV_TEXT", default="dev", help="The environment of terraform/environments/.")
@verb.option("--yes", is_flag=True, envvar="YES_TEXT", help="Confirm the removal beforehand.")
def main(env: str, yes: bool) -> None:
    """List what costs money or space and has no use any more, and remove it after you confirm.

    Look for running tunings and jobs, warm pools, untagged images, incomplete uploads, checkpoints of completed runs.

    Only jobs, buckets and a repository with the stack's tags are looked at.
    """
    from scripts import leftovers
    from scripts.stack import read_stack

    stack, now = read_stack(env), datetime.now(UTC)
    found = leftovers.find(stack, now, console.say)
    if not found:
        console.say(f"The stack `{stack.environment}` left nothing behind.")
        return
    for leftover in found:
        console.say(leftovers.line(leftover, now))
    console.say(f"Together: {leftovers.totals(found)}.")
    console.check_can_ask("Remove them?", yes, FIX)
    kept = 0
    with verb.on_interrupt("Interrupted. What was removed is gone; `make sweep` lists the rest."):
        for kind in leftovers.KINDS:
            these = [leftover for leftover in found if leftover.kind is kind]
            if these and console.confirm(leftovers.question(kind, len(these)), yes, FIX):
                reasons = [(leftover.name, leftovers.remove(leftover, stack)) for leftover in these]
                refused = [f"Kept: {name} ({reason})." for name, reason in reasons if reason]
                for line in refused:
                    console.say(line)
                console.say(f"Done: {leftovers.counted(kind, len(these) - len(refused))}.")
                kept += len(refused)
    if kept:
        raise SystemExit(1)


if __name__ == "__main__":
    verb.run(main)
