"""Times the verbs that a person waits for, beside the AWS CLI, on a local cloud of its own.

Run it from the repository's root on an idle machine: ``python -m benchmarks.verbs``. All commands run in turn, several
times. It writes its table into docs/performance.md.
"""

import json
import os
import platform
import resource
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.fault_runs.yard import Yard
from benchmarks.table import table
from scripts.localcloud.environment import environment
from scripts.runs.record import ENDED
from tests.client_programs import client_programs

PAGE = Path("docs/performance.md")
START = "<!-- Written by `python -m benchmarks.verbs` -->\n"
END = "<!-- End of the written part -->\n"
ROUNDS = 9
JOBS = 50  # as many as `make jobs` lists
QUICK = "import os, pathlib\npathlib.Path(os.environ['SM_MODEL_DIR'], 'result').write_text('done')\n"
HEADER = ("command", "median", "least", "CPU time")


def main() -> None:
    """Prepare the local cloud, time the commands, and print and write the table."""
    with tempfile.TemporaryDirectory(prefix="trainyard-verbs-") as folder:
        yard = Yard(Path(folder))
        yard.up()
        try:
            variables = prepare(yard)
            commands = commands_of(yard.client("s3"))
            figures = measure(commands, yard.folder, variables)
        finally:
            yard.down()
    text = page_part(figures)
    print(text)
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(START)
    PAGE.write_text(before + START + text + END + rest.partition(END)[2], encoding="utf-8")


def prepare(yard: Yard) -> dict[str, str]:
    """Apply the stack, upload the digits and let jobs run; returns the variables for commands on this local cloud."""
    # As in a clone. Elsewhere, a command asks git thrice as often for the files of an image.
    subprocess.run(["git", "init", "--quiet", yard.folder], check=True)
    make = yard.project.make
    make("infra", "CLOUD=local", "YES=1")
    make("digits")
    make("data", "CLOUD=local", "JOB=digits")
    (yard.folder / "trainer" / "quick.py").write_text(QUICK)
    job = yard.folder / "jobs" / "quick.toml"
    job.write_text('program = "quick.py"\ninstance_type = "ml.m5.large"\nnetwork_isolation = true\n')
    variables = environment(yard.cloud, {**yard.project.environment, "ENV_TEXT": "local"})
    printed = yard.project.verb("train", "--job", "quick", "--dry-run", env=variables).stdout
    run_jobs(yard.client("sagemaker"), json.loads(printed))
    return variables


def run_jobs(sagemaker: Any, request: Mapping[str, Any]) -> None:
    """Run a job under many names, and wait until all have ended."""
    for number in range(JOBS):
        sagemaker.create_training_job(**{**request, "TrainingJobName": f"{request['TrainingJobName']}-{number}"})
    while True:
        listed = sagemaker.list_training_jobs(MaxResults=100)["TrainingJobSummaries"]
        if all(job["TrainingJobStatus"] in ENDED for job in listed):
            return
        time.sleep(0.5)


def commands_of(s3: Any) -> dict[str, list[str]]:
    """The commands to time, by what the table calls them."""
    (bucket,) = [one["Name"] for one in s3.list_buckets()["Buckets"] if "-data-" in one["Name"]]
    aws, python = str(client_programs("awscli") / "aws"), sys.executable
    return {
        "`make train JOB=digits DRY_RUN=1`": [python, "-m", "scripts.train", "--job", "digits", "--dry-run"],
        "`make jobs`": [python, "-m", "scripts.jobs"],
        "`aws sagemaker list-training-jobs`": [aws, "sagemaker", "list-training-jobs", "--max-items", str(JOBS)],
        "`make data JOB=digits`": [python, "-m", "scripts.data", "--job", "digits"],
        "`aws s3 sync` of the same files": [
            *(aws, "s3", "sync", "data/digits", f"s3://{bucket}/digits", "--exclude", "test/*")
        ],
    }


def measure(
    commands: Mapping[str, Sequence[str]], folder: Path, variables: Mapping[str, str]
) -> dict[str, list[tuple[float, float]]]:
    """Run all commands in turn; the first round does not count.

    Returns:
        For each command, the seconds and the CPU seconds of each of its runs.
    """
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for number in range(ROUNDS + 1):
        for name, command in commands.items():
            took = timed(command, folder, variables)
            if number:
                found[name].append(took)
    return found


def timed(command: Sequence[str], folder: Path, variables: Mapping[str, str]) -> tuple[float, float]:
    """Run a command that must succeed; returns its seconds, and the CPU seconds of its processes."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    ended = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    seconds, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if ended.returncode != 0:
        raise RuntimeError(f"{shlex.join(command)} failed:\n{ended.stdout}{ended.stderr}")
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def page_part(figures: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """The part of the page: the machine, and a row for each command."""
    rows = []
    for name, runs in figures.items():
        seconds, cpu = zip(*runs, strict=True)
        median = statistics.median(seconds)
        rows.append((name, f"{median:.2f} s", f"{min(seconds):.2f} s", f"{statistics.median(cpu):.2f} s"))
    kernel = ".".join(platform.release().split(".")[:2])
    system = f"{os.cpu_count()} cores, Linux {kernel}, Python {platform.python_version()}"
    machine = (
        f"Measured on {datetime.now(UTC):%Y-%m-%d}: {system}, at a load of {os.getloadavg()[0]:.1f}; "
        f"{ROUNDS} runs of each.\n\n"
    )
    return machine + "\n".join(table(HEADER, rows)) + "\n"


if __name__ == "__main__":
    main()
