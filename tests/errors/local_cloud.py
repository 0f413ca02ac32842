"""Errors with the local cloud itself. Each case has its own copy of the project."""

import fcntl
import json
import os
import shutil
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from scripts.localcloud import order_interruptions
from tests.errors.case import STACK, Case, file, given, job, mode, variable, without_rights
from tests.errors.scene import Given, Scene
from tests.errors.scene import running as cloud_of

GROUP = "Local cloud"
PRINT_AND_WAIT = "import time; print(flush=True); time.sleep(600)"
NONE = "No local cloud is running."
START = "Start it with `make cloud-up`."
TIMES = "Write seconds of training in ascending order, such as 30s,90s:kill, or their number, such as random:3."


@contextmanager
def running(scene: Scene) -> Iterator[None]:
    make(scene, "cloud-up")
    try:
        yield
    finally:
        make(scene, "cloud-down")


def make(scene: Scene, target: str) -> None:
    """Type make in a fork, without an engine."""
    scene.project.make(*scene.command(f"make {target}")[1:])


@contextmanager
def used_by_a_command(scene: Scene) -> Iterator[None]:
    """Another command uses the local cloud."""
    with running(scene):
        command = (".venv/bin/python", "-m", "scripts.cloud", "exec", "--", ".venv/bin/python", "-c", PRINT_AND_WAIT)
        with scene.project.start(*command) as process:
            assert process.stdout is not None
            process.stdout.readline()
            try:
                yield
            finally:
                process.kill()


@contextmanager
def a_running_demo(scene: Scene) -> Iterator[None]:
    """Another demo runs in this folder."""
    program = f"from scripts.demo_steps import alone\nwith alone():\n    {PRINT_AND_WAIT}"
    with scene.project.start(".venv/bin/python", "-c", program) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield
        finally:
            process.kill()


@contextmanager
def killed(scene: Scene) -> Iterator[None]:
    """A local cloud that was killed (kill -9): the file with its address and process is left."""
    make(scene, "cloud-up")
    folder = scene.folder / "build/local-cloud"
    os.kill(json.loads((folder / "server.json").read_text())["pid"], signal.SIGKILL)
    with (folder / "server.log").open() as log:
        fcntl.flock(log, fcntl.LOCK_SH)  # the server holds the lock until it has ended
    try:
        yield
    finally:
        shutil.rmtree(folder)


@contextmanager
def its_port_taken(scene: Scene) -> Iterator[None]:
    """As `killed`, but another program listens at its address now."""
    with killed(scene), socket.create_server(("127.0.0.1", 0)) as other:
        # A port of its own: that of the server may be anybody's by now.
        file, port = scene.folder / "build/local-cloud/server.json", other.getsockname()[1]
        record = json.loads(file.read_text())
        file.write_text(json.dumps(record | {"url": f"http://127.0.0.1:{port}", "port": port}))
        yield


def ordered(interruptions: str) -> Given:
    """Order interruptions, as `python -m scripts.cloud exec` does it: the cases with a stack start verbs without it."""

    @contextmanager
    def by_name(scene: Scene) -> Iterator[None]:
        name = order_interruptions(cloud_of(scene.project), interruptions)
        with variable(AWS_SDK_UA_APP_ID=name)(scene):
            yield

    return by_name


@contextmanager
def a_read_only_folder(scene: Scene) -> Iterator[None]:
    place = scene.folder / "build" / "local-cloud"
    place.mkdir(parents=True, exist_ok=True)
    for path in place.iterdir():
        path.unlink()
    with mode("build/local-cloud", 0o555)(scene), without_rights(scene):
        yield


def small_job(program: str, tables: str = "") -> Given:
    """The job file mistake.toml with a program of its own. ``count`` is the number of its starts before."""
    head = """
import os, time
from pathlib import Path
counter = Path(__file__).parents[1] / "build/count-of-mistake"
count = int(counter.read_text()) if counter.exists() else 0
counter.write_text(str(count + 1))
"""

    @contextmanager
    def counted(scene: Scene) -> Iterator[None]:
        try:
            yield
        finally:
            (scene.folder / "build/count-of-mistake").unlink(missing_ok=True)
            for run in (scene.folder / "runs").glob("mistake-*"):
                shutil.rmtree(run)

    return given(job('program = "own.py"', tables), file("trainer/own.py", head + program), counted)


LOSS = '[metrics]\nloss = "loss=(.*)"\n'
# What a job that ran leaves; the local cloud's own objects are not seen here.
RUNS = ("runs/mistake-…",)
FAULTS_FIX = (
    "A rule is WHERE FAULT [SHARE%] [COUNTx], such as `s3:PutObject 503 20%`; docs/local-cloud.md explains them."
)

CASES = (
    Case(GROUP, "none is running", "make jobs CLOUD=local", NONE, START),
    Case(GROUP, "it was killed (kill -9)", "make jobs CLOUD=local", NONE, START, killed),
    Case(
        GROUP, "it was killed, and its port is another program's now", "make cloud-status", NONE, START, its_port_taken
    ),
    Case(
        GROUP,
        "its folder cannot be written",
        "make cloud-up",
        "The local cloud cannot be started: … Permission denied: …build/local-cloud…",
        "Make build/local-cloud a folder that you can write.",
        a_read_only_folder,
    ),
    Case(
        GROUP,
        "cloud-down while a job runs, or a command uses it",
        "make cloud-down",
        "There is no terminal to ask at: Stop the local cloud, which runs for another command?",
        "Confirm beforehand with YES=1. `make jobs CLOUD=local` lists the jobs.",
        used_by_a_command,
    ),
    Case(
        GROUP,
        "a second demo in the same folder",
        "make demo",
        "A demo is running in this folder already (process …).",
        "Wait until it has ended, or interrupt it. `make train CLOUD=local` can run beside it.",
        a_running_demo,
    ),
    Case(
        GROUP,
        "cloud-clean while it is running",
        "make cloud-clean",
        "The local cloud is running and uses the layers.",
        "Stop it first: `make cloud-down`.",
        running,
    ),
    Case(
        GROUP,
        "INTERRUPT without times",
        "make train CLOUD=local JOB=digits INTERRUPT=soon",
        "INTERRUPT=soon is not a list of at most 100 interruptions.",
        TIMES,
    ),
    Case(
        GROUP,
        "INTERRUPT with times that do not ascend",
        "make train CLOUD=local JOB=digits INTERRUPT=90s,30s",
        "The times in INTERRUPT=90s,30s do not ascend.",
        TIMES,
    ),
    Case(
        GROUP,
        "INTERRUPT with a job file without `spot = true`",
        "make train CLOUD=local JOB=digits YES=1",
        "SageMaker rejected the job: The local cloud cannot run this: INTERRUPT is for spot jobs, and this job trains "
        "on demand.",
        "Correct the job file; docs/jobs.md describes each key.",
        ordered("30s"),
        STACK,
    ),
    Case(
        GROUP,
        "a distribution where a job is a process",
        "make train CLOUD=local JOB=mistake YES=1",
        "SageMaker rejected the job: The local cloud cannot run this: sagemaker_multi_worker_mirrored_strategy_enabled:"
        " TensorFlow would wait for the host algo-1, a name that only a container has. Here the job runs as a process:"
        " ….",
        "Correct the job file; docs/jobs.md describes each key.",
        given(
            job('program = "my_train.py"\ndistribution = "multi_worker_mirrored"', ""), file("trainer/my_train.py", "")
        ),
        STACK,
    ),
    Case(
        GROUP,
        "a fault that does not exist",
        'make cloud-up FAULTS="s3:PutObject cut-befor 20%"',
        "FAULTS: `s3:PutObject cut-befor 20%`: `cut-befor` is no fault; did you mean `cut-before`?",
        FAULTS_FIX,
    ),
    Case(
        GROUP,
        "a fault of an operation that does not exist",
        'make cloud-faults FAULTS="* 503 1%, s3:PutObjct 503"',
        "FAULTS: `s3:PutObjct 503`: s3 has no operation `PutObjct`; did you mean `PutObject`?",
        FAULTS_FIX,
    ),
    Case(
        GROUP,
        "a fault that instances cannot have",
        'make cloud-up FAULTS="instances cut-after"',
        "FAULTS: `instances cut-after`: the instances of a job have no operations, and only an error such as …",
        FAULTS_FIX,
    ),
    Case(GROUP, "make prove-resume JOB=, and none is running", "make prove-resume JOB=digits", NONE, START),
    Case(
        GROUP,
        "make prove-resume JOB= with CLOUD=aws",
        "make prove-resume JOB=digits CLOUD=aws",
        "CLOUD=aws: on AWS nobody can order the interruption of a job.",
        "Leave CLOUD out: `make prove-resume JOB=digits` runs on the local cloud.",
    ),
    Case(
        GROUP,
        "make prove-resume JOB= with SEED or HOSTS",
        "make prove-resume JOB=digits SEED=7",
        "SEED and HOSTS are for `make prove-resume` without JOB.",
        "Leave them out, or leave JOB out to kill ours.",
    ),
    Case(
        GROUP,
        "make prove-resume JOB= with too many KILLS",
        "make prove-resume JOB=digits KILLS=101",
        "KILLS=101: the local cloud interrupts a job at most 100 times.",
        "Type a smaller number.",
    ),
    Case(
        GROUP,
        "make prove-resume of a job without checkpoints",
        "make prove-resume JOB=mistake",
        "jobs/mistake.toml has checkpoints = false: each interruption loses the whole run.",
        "Remove that line; then what the program writes to /opt/ml/checkpoints survives an interruption.",
        job("checkpoints = false"),
    ),
    Case(
        GROUP,
        "make prove-resume of a job that fails uninterrupted",
        "make prove-resume JOB=mistake YES=1",
        "mistake-… is Failed, although nothing interrupted it.",
        "Its log says why: `make logs CLOUD=local RUN=mistake-…`.",
        small_job("raise SystemExit(1)"),
        STACK,
        RUNS,
    ),
    Case(
        GROUP,
        "make prove-resume of a job that ends before it is interrupted",
        "make prove-resume JOB=mistake YES=1",
        "mistake-… ended before it could be interrupted: it trains … s in all.",
        "Let it train longer, such as with more epochs: HP=.",
        # A busy machine needs seconds to start it. The first metric line shows how many: they come before the half of
        # the run after which it is interrupted.
        small_job("print('epoch=1 loss=1', flush=True)\ntime.sleep(6 if count < 2 else 0)", LOSS),
        STACK,
        RUNS,
    ),
    Case(
        GROUP,
        "make prove-resume of a job whose runs have nothing in common",
        "make prove-resume JOB=mistake KILLS=1 YES=1",
        "Nothing says whether the interrupted run has the right result: the job prints no metric, and two "
        "uninterrupted runs left no equal model.",
        "Name a metric in [metrics] of the job file, or seed the program: keras.utils.set_random_seed(1).",
        small_job(
            # The third run, which is to be interrupted, waits at its checkpoint until it is.
            "Path(os.environ['SAGEMAKER_BASE_DIR'], 'checkpoints', 'x').write_text('x')\n"
            "time.sleep((6, 6, 600)[count] if count < 3 else 0)\n"
            "Path(os.environ['SM_MODEL_DIR'], 'model').write_bytes(os.urandom(9))"
        ),
        STACK,
        RUNS,
    ),
    Case(GROUP, "faults for a local cloud that is not running", 'make cloud-faults FAULTS="* 503 1%"', NONE, START),
)
