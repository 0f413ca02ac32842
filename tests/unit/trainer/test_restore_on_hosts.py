"""Two hosts with everything on: from every step, a restored run ends with the same bits."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.trainer.forked import Program
from tests.unit.trainer.test_exact_resume import EVERYTHING
from tests.unit.trainer.trainer_runs import ROOT, SMALL, Hosts, wait_for_all

# 600 images in batches of 200: the fourth step draws images of the second pass, which are in memory.
STEPS = 4
SETTINGS = {**SMALL, **EVERYTHING, "epochs": "2", "head_epochs": "0", "batch_size": "200", "dropout": "0.3"}

# The steps are compiled once. The last step is restored first: what a checkpoint lacks has the value of a later step.
# Each host prints the digest of its state after every step, and that at the end of each restored run. Then it prints
# the digest at the end of a run whose images begin again, and how many images it keeps in memory.
RESTORES = """
import json, os, sys
from pathlib import Path
import keras, tensorflow as tf
from trainer.contract.folders import Folders
from trainer.contract.job import read_job
from trainer.images import host_input
from trainer.tasks import setup
from trainyard.checkpoints import checkpoint, resume
from trainyard.hosts import cluster
from trainyard.loop.steps import compiled_training
from trainyard.stop import Stop

job, steps = read_job(Folders.of(os.environ), [], os.environ), int(sys.argv[1])
keras.utils.set_random_seed(job.hyperparameters.seed)
tf.config.experimental.enable_op_determinism()
team = cluster.join(job.hosts, job.current_host, Stop(), os.environ)
with team.end_together():
    choices = setup.choose(job, None, "float32")
    data = host_input.read(job, choices.settings, team)
    plan = setup.plan(choices, data)
    run = setup.make_run(choices, data, plan, None, team)
    run.enter_stage()
    train = compiled_training(run, plan.batch_size, team, plan.accumulate)

    def save(folder):
        about = {**resume.checkpoint_facts(plan, team), **run.about()}
        return checkpoint.save(Path(folder), run.step, run.arrays(), about)

    def advance(batches, count):
        train(batches, tf.constant(count))
        run.step += count

    def end_from(made, first):
        run.load(made.read(), made.step, made.about)
        left = steps - made.step
        advance(iter(team.distribute(data.batches(range(first, first + left)))), left)
        return save(f"{job.checkpoint_dir}-{made.step}-{first}").digest

    batches, saved = iter(team.distribute(data.batches(range(steps)))), [save(job.checkpoint_dir)]
    for _ in range(steps):
        advance(batches, 1)
        saved.append(save(job.checkpoint_dir))
    ends = {made.step: end_from(made, made.step) for made in reversed(saved[:-1])}
    again = end_from(saved[2], 0)
print(json.dumps({"saved": [made.digest for made in saved], "ends": ends, "again": again,
                  "kept": len(data.caches.training)}))
"""


@pytest.mark.e2e
def test_a_run_on_two_hosts_restored_from_any_step_ends_with_the_same_bits(tmp_path: Path, digits: Path) -> None:
    """Twenty seconds of CPU: two hosts start, and each compiles its steps once."""
    hosts = Hosts(tmp_path, 2, **SETTINGS).channel("training", digits / "training")
    started = [Program(["-c", RESTORES, str(STEPS)], ROOT, base.variables) for base in hosts.bases]
    found: list[dict[str, Any]] = []
    for ended in wait_for_all(started):
        assert ended.returncode == 0, ended.stderr
        found.append(json.loads(ended.stdout.splitlines()[-1]))
    chief, other = found
    assert len(set(chief["saved"])) == STEPS + 1  # each step changes the state
    for host in (chief, other):
        assert host["saved"] == chief["saved"]
        assert host["ends"] == {str(step): chief["saved"][-1] for step in range(STEPS)}
        assert host["again"] != chief["saved"][-1]
        assert host["kept"] > 200  # more than a step draws
