"""One verb under faults: prepared without faults, run, judged, and run again without faults if it did not complete."""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.fault_runs.draws import FaultDraw
from benchmarks.fault_runs.judging import LONGEST_SECONDS, Ending, Judgement, errors_of, job_errors
from benchmarks.fault_runs.yard import DATA_FILES, JOB, LARGE, Yard
from scripts.channels.local import PART_SIZE

Check = Callable[[Ending], list[str]]
KEPT = "kept"  # the job file of the job that has ended: its prefix never changes, so it can be resumed
TUNED = "tuned"  # the job file of a search with two jobs
SEARCH = """[metrics]
steps = "counted to ([0-9]+)"
[tuning]
objective = "steps"
direction = "Maximize"
strategy = "Grid"
[tuning.ranges.steps]
values = [1, 2]
"""
# A verb that follows a job waits as long as the outage.
LONGEST = dict.fromkeys(("train", "tune", "resume", "logs"), 900.0)
STEPS = 3
MORE = 2  # files that come and go


class Scenes:
    """Prepares what a verb needs, in a yard that has a stack and a job that has ended."""

    def __init__(self, yard: Yard) -> None:
        self._yard, self._number = yard, 0
        yard.write_job(KEPT, "")
        yard.write_job(TUNED, SEARCH)
        ended = yard.run("train", {"job": KEPT, "hp": f"steps={STEPS} order={KEPT}"})
        if ended.code:
            raise RuntimeError(ended.output)
        (self._base,) = yard.jobs()

    @contextmanager
    def prepared(self, verb: str) -> Iterator[tuple[dict[str, str], Check]]:
        """What a verb needs: its variables, and the check of what it should have done."""
        yard = self._yard
        self._number += 1
        match verb:
            case "data":
                change_data(yard, self._number)
                yield {"job": JOB}, lambda ending: data_errors(yard, ending)
            case "train":
                change_data(yard, self._number)
                yield {"job": JOB, "hp": f"steps={STEPS} order=n{self._number}"}, JobCheck(yard)
            case "tune":
                change_data(yard, self._number)
                yield {"job": TUNED}, lambda ending: missing_text("The report is", ending)
            case "resume":
                yield {"run": self._base, "hp": f"steps={STEPS + self._number}"}, JobCheck(yard)
            case "model":
                shutil.rmtree(yard.folder / "runs" / self._base / "model", ignore_errors=True)
                yield {"run": self._base}, lambda ending: model_errors(yard, self._base, f"{STEPS} {KEPT}", ending)
            case "jobs":
                yield {}, lambda ending: missing_text(self._base, ending)
            case "logs":
                yield {"run": self._base}, lambda ending: missing_text(f"counted to {STEPS}", ending)
            case "sweep":
                yield {"yes": "1"}, lambda _: []
            case "stop":
                with running_job(yard, self._base, f"stop-{self._number}") as job:
                    yield {"run": job}, lambda ending: stop_errors(yard, job, ending)
            case _:
                yield {}, lambda _: []


class VerbRuns:
    """Runs verbs under faults in a yard, one after the other.

    Args:
        yard: where.
        keep: takes the output of a run that was wrong.
    """

    def __init__(self, yard: Yard, keep: Callable[[str, str], None]) -> None:
        self._yard, self._keep = yard, keep
        self._scenes = Scenes(yard)

    def run(self, draw: FaultDraw, key: str) -> Judgement:
        """Run one draw."""
        with self._scenes.prepared(draw.verb) as (texts, check):
            with self._yard.faults(draw.rules):
                ending = self._yard.run(draw.verb, texts)
            wrong = errors_of(ending, LONGEST.get(draw.verb, LONGEST_SECONDS)) + check(ending)
            again = None
            if ending.code != 0:
                again = self._yard.run(draw.verb, texts)
                wrong += [f"the next one ends with {again.code}"] if again.code else check(again)
        wrong += [f"left over: {one}" for one in self._yard.leftovers()]
        if wrong:
            self._keep(key, "\n".join([str(draw), *wrong, ending.output, *([again.output] if again else [])]))
        return Judgement(draw.verb, draw.fault, ending.code, round(ending.seconds, 1), wrong)


class JobCheck:
    """Checks the jobs of each order, and that each of them completes."""

    def __init__(self, yard: Yard) -> None:
        self._yard, self._before = yard, set(yard.jobs())

    def __call__(self, ending: Ending) -> list[str]:
        """What is wrong after one order."""
        jobs = self._yard.wait_for_jobs()
        new = set(jobs) - self._before
        self._before = set(jobs)
        wrong = job_errors(ending, new, {job for job in new if is_named(self._yard, job, ending)})
        wrong += [f"{job} is {jobs[job]}" for job in new if jobs[job] != "Completed"]
        for job in new if ending.code == 0 else ():
            if not (self._yard.folder / "runs" / job / "model" / "result").exists():
                wrong.append("no model after success")
        return wrong


def is_named(yard: Yard, job: str, ending: Ending) -> bool:
    """Whether a person can know of a job: by the output, or by the folder runs/."""
    return job in ending.output or (yard.folder / "runs" / job / "request.json").exists()


def change_data(yard: Yard, number: int) -> None:
    """Change, add and remove a file; every third time one that needs several parts."""
    yard.write_data(f"file-{number % DATA_FILES}.txt", f"changed {number}")
    yard.write_data(f"more/{number}.txt", str(number))
    for path in sorted((yard.data / "more").iterdir(), key=lambda path: int(path.stem))[:-MORE]:
        path.unlink()
    if number % 3 == 0:
        yard.write_data("large.bin", str(number % 10) * max(LARGE, PART_SIZE + 1))


def data_errors(yard: Yard, ending: Ending) -> list[str]:
    """After success, the prefix has what the folder has."""
    if ending.code:
        return []
    files = {str(path.relative_to(yard.data)): path for path in yard.data.rglob("*") if path.is_file()}
    s3, bucket, prefix = yard.client("s3"), yard.bucket("data"), f"{JOB}/training/"
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    found = {entry["Key"].removeprefix(prefix): entry for page in pages for entry in page.get("Contents", [])}
    wrong = [f"objects and files differ: {name}" for name in sorted(set(files) ^ set(found))]
    for name in set(files) & set(found):
        body = s3.get_object(Bucket=bucket, Key=prefix + name)["Body"].read()
        if body != files[name].read_bytes():
            wrong.append(f"another content: {name}")
    return wrong


def model_errors(yard: Yard, job: str, content: str, ending: Ending) -> list[str]:
    """After success, the model is there; after an error, the whole model or nothing."""
    folder = yard.folder / "runs" / job / "model"
    if not folder.exists():
        return [] if ending.code else ["no model after success"]
    result = folder / "result"
    return [] if result.exists() and result.read_text() == content else ["another model"]


def missing_text(text: str, ending: Ending) -> list[str]:
    """After success, the output has the text."""
    return [] if ending.code or text in ending.output else [f"the output lacks {text}"]


def stop_errors(yard: Yard, job: str, ending: Ending) -> list[str]:
    """After success, the job stops."""
    status = yard.describe(job)["TrainingJobStatus"]
    return [f"{job} is {status}"] if ending.code == 0 and status not in {"Stopping", "Stopped"} else []


@contextmanager
def running_job(yard: Yard, like: str, name: str) -> Iterator[str]:
    """A job that runs for a long time, made as another one was."""
    sagemaker: Any = yard.client("sagemaker")
    members = sagemaker.meta.service_model.operation_model("CreateTrainingJob").input_shape.members
    request = {key: value for key, value in yard.describe(like).items() if key in members}
    request |= {"TrainingJobName": name, "HyperParameters": {"steps": "3000"}}
    request["CheckpointConfig"] = {"S3Uri": f"{request['CheckpointConfig']['S3Uri'].rstrip('/')}-{name}"}
    sagemaker.create_training_job(**request)
    try:
        yield name
    finally:
        with contextlib.suppress(sagemaker.exceptions.ClientError):
            sagemaker.stop_training_job(TrainingJobName=name)
        yard.wait_for_jobs()
