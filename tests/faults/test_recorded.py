"""The table has every operation that a verb calls on a real local cloud. Of plan and infra, Terraform knows them."""

import json

import pytest

from scripts.localcloud import control
from tests.conftest import Project
from tests.errors.interrupts import SMALL_TUNING
from tests.errors.scene import running
from tests.faults import record

pytestmark = pytest.mark.e2e

PROGRAM = "import os, pathlib\nprint('loss=1')\npathlib.Path(os.environ['SM_MODEL_DIR'], 'result').write_text('done')\n"
JOB = 'program = "quick.py"\ninstance_type = "ml.m5.large"\ncheckpoints = true\n'
CHANNEL = '[channels.training]\nsource = "data/digits/test"\n'
TYPED = {
    "data": ("JOB=quick",),
    "train": ("JOB=quick",),
    "tune": ("JOB=quick",),
    "tunings": (),
    "jobs": (),
    "logs": ("RUN=",),
    "model": ("RUN=",),
    "stop": ("RUN=",),
}


def test_no_verb_calls_an_operation_that_the_table_lacks(workshop: Project) -> None:
    files = {"jobs/quick.toml": JOB + CHANNEL + SMALL_TUNING, "trainer/quick.py": PROGRAM}
    for name, content in files.items():
        (workshop.folder / name).write_text(content)
    cloud, table = running(workshop), record.load()
    try:
        for verb, words in TYPED.items():
            run = min(path.parent.name for path in (workshop.folder / "runs").glob("*/record.json"))
            control.set_faults(cloud, record.COUNT)
            workshop.make(verb, "CLOUD=local", *(word.replace("RUN=", f"RUN={run}") for word in words))
            called = set(control.fault_status(cloud).operations)
            assert called, verb
            assert called <= set(table[verb]), (
                f"record them: python -m tests.faults.record; {verb}: {json.dumps(sorted(called))}"
            )
    finally:
        control.set_faults(cloud, "")
        for name in (*files, "jobs/quick-best.toml"):
            (workshop.folder / name).unlink(missing_ok=True)
