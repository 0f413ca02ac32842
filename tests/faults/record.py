"""Records which operations each verb calls, on a real local cloud: ``python -m tests.faults.record``.

It writes operations.json, from which the rows of the table follow. Run it when a verb calls something new. It takes
three minutes, and more with an engine: `make image` is recorded only where there is one.
"""

import json
import shutil
import tempfile
from collections import defaultdict
from pathlib import Path

from benchmarks.fault_runs.verbs import Scenes
from benchmarks.fault_runs.yard import Yard, yard
from scripts.core import console
from scripts.localcloud import control

FILE = Path(__file__).with_name("operations.json")
COUNT = "sagemaker:DeleteModel 500"
"""A rule that never strikes: no verb calls the operation. With a rule, the local cloud counts all operations."""
UPLOADS = 7  # so many that each kind of change has come: new, changed, deleted, large
WITH_STACK = ("data", "train", "tune", "tunings", "resume", "model", "jobs", "logs", "stop", "prices", "sweep")


def main() -> None:
    """Run each verb and write what it called."""
    recorded: dict[str, set[str]] = defaultdict(set)
    with yard(Path(tempfile.mkdtemp(prefix="trainyard-record-")), stack=False) as place:
        for verb in ("plan", "infra", "plan"):  # the first one creates the state's bucket
            recorded[verb] |= called(place, verb)
        recorded["infra"] |= recorded["plan"]  # without a saved plan, it plans itself
        scenes = Scenes(place)
        for verb in (*("data",) * UPLOADS, *WITH_STACK):
            shutil.rmtree(place.folder / "build" / "costs", ignore_errors=True)  # nothing is known about prices yet
            with scenes.prepared("stop"), scenes.prepared(verb) as (texts, _):  # while another job runs
                recorded[verb] |= called(place, verb, **texts)
        for verb in ("train", "tune"):  # they upload too
            recorded[verb] |= recorded["data"]
        recorded["destroy"] = called(place, "destroy", confirm="local")
    write({verb: sorted(operations) for verb, operations in recorded.items()})


def called(place: Yard, verb: str, **texts: str) -> set[str]:
    """Run a verb; gives the operations that it called."""
    with place.faults(COUNT):
        ending = place.run(verb, texts)
        operations = control.fault_status(place.cloud).operations
    if ending.code:
        raise RuntimeError(ending.output)
    console.say(f"{verb}: {len(operations)} operations")
    return set(operations)


NOT_RECORDED = {
    "sweep": (
        "ecr:BatchDeleteImage",
        "s3:AbortMultipartUpload",
        "sagemaker:StopHyperParameterTuningJob",
        "sagemaker:UpdateTrainingJob",
    )
}
"""What these verbs call besides: the recorded sweep finds checkpoints alone. It stops jobs as `make stop` does."""


def load() -> dict[str, list[str]]:
    """The operations of each verb."""
    recorded: dict[str, list[str]] = json.loads(FILE.read_text(encoding="utf-8"))
    return {verb: sorted({*operations, *NOT_RECORDED.get(verb, ())}) for verb, operations in recorded.items()}


def write(recorded: dict[str, list[str]]) -> None:
    """Write the file. A verb that was not recorded this time keeps its operations."""
    earlier = load() if FILE.exists() else {}
    FILE.write_text(json.dumps(earlier | recorded, indent=2, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
