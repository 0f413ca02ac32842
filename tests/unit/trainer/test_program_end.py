"""SAGEMAKER_PROGRAM: how another program ends, and which programs are refused."""

import signal
import sys
import time
from pathlib import Path

import pytest

from tests.unit.trainer.program_runs import run, start
from tests.unit.trainer.trainer_runs import Base
from trainer.contract import written

pytestmark = pytest.mark.usefixtures("forked_base")

WAIT = "import os, signal, time\n{}\nprint('ready', flush=True)\nwhile True:\n    time.sleep(0.05)\n"
HANDLER = """
def stop(*_):
    open(os.environ["SM_MODEL_DIR"] + "/model", "w").write("saved")
    raise SystemExit(0)
signal.signal(signal.SIGTERM, stop)
"""


def test_the_failure_file_contains_the_exception(image: Path, base: Base) -> None:
    code, _, err = run(image, base, "def learn():\n    raise KeyError('weights')\nlearn()\n")
    assert code == 1
    assert base.failure.splitlines()[0] == "KeyError: 'weights'"
    assert base.failure.splitlines()[1].endswith("mine.py:2 in learn")
    assert "Traceback" in err


@pytest.mark.parametrize(
    ("code", "expected", "failure"),
    [
        ("import sys; sys.exit(7)", 7, "mine.py exited with code 7; see the log for the reason."),
        ("import sys; sys.exit('no data')", 1, "no data"),
        ("import sys; sys.exit()", 0, None),
        ("import sys; sys.exit(0)", 0, None),
        ("syntax error", 1, "SyntaxError"),
    ],
)
def test_the_programs_exit_code_is_kept(image: Path, base: Base, code: str, expected: int, failure: str | None) -> None:
    assert run(image, base, code)[0] == expected
    if failure is None:
        assert not (base.root / "output" / "failure").exists()
    else:
        assert failure in base.failure


@pytest.mark.parametrize("name", ["absent.py", "../outside.py", "."])
def test_the_error_for_an_absent_program_lists_the_existing_ones(image: Path, base: Base, name: str) -> None:
    (image.parent / "outside.py").write_text("print('ran')")
    code, out, _ = run(image, base, "", name)
    assert (code, out) == (1, "")
    assert f"names {name!r}" in base.failure
    assert "mine.py" in base.failure


def test_a_shell_script_runs_in_the_folder_of_the_code(image: Path, base: Base) -> None:
    base.configure(hyperparameters={"epochs": "3"})
    (image / "train.sh").write_text('echo "$@" "$(basename "$PWD")" "$SM_HP_EPOCHS"; exit 4\n')
    code, out, _ = run(image, base, "", "train.sh")
    assert (code, out) == (4, "--epochs 3 trainer 3\n")
    assert base.failure == "train.sh exited with code 4; see the log for the reason."


def test_sigterm_reaches_the_program_that_a_shell_script_starts(image: Path, base: Base) -> None:
    (image / "train.sh").write_text(f'{sys.executable} mine.py "$@"\necho "the script goes on"\n')
    process = start(image, base, WAIT.format(HANDLER), "train.sh")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 143
    assert (base.root / "model" / "model").is_file()


def test_a_program_does_not_outlive_the_process_that_started_it(image: Path, base: Base) -> None:
    process = start(image, base, WAIT.format(""))
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.kill()
    process.communicate(timeout=60)  # raises if the program lives on: it holds the pipe until it ends


def test_neither_a_program_nor_a_script_is_refused(image: Path, base: Base) -> None:
    (image / "train.txt").write_text("echo ran\n")
    code, out, _ = run(image, base, "", "train.txt")
    assert (code, out) == (1, "")
    assert base.failure.startswith("SAGEMAKER_PROGRAM names 'train.txt', which is neither a Python program nor a shell")


def test_the_failure_has_no_frame_of_the_runner(image: Path, base: Base) -> None:
    _, _, err = run(image, base, "def learn():\n    raise KeyError('weights')\nlearn()\n")
    assert [line.split('"')[1] for line in err.splitlines() if line.startswith("  File")] == [
        str(image / "mine.py")
    ] * 2
    assert base.failure.splitlines()[1:] == [f"  {image}/mine.py:2 in learn", f"  {image}/mine.py:3 in <module>"]


@pytest.mark.parametrize(("handler", "code"), [(HANDLER, 0), ("", 143)])
def test_sigterm_reaches_the_program(image: Path, base: Base, handler: str, code: int) -> None:
    process = start(image, base, WAIT.format(handler))
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == code
    assert (base.root / "model" / "model").is_file() == (code == 0)
    assert not (base.root / "output" / "failure").exists()


def test_a_gpu_instance_without_a_gpu_runs_it_only_when_allowed(image: Path, base: Base) -> None:
    if any(Path("/dev").glob("nvidia[0-9]*")):
        pytest.skip("this machine has a GPU")
    base.configure(resourceconfig={"current_instance_type": "ml.g4dn.4xlarge", "hosts": ["a"], "current_host": "a"})
    assert run(image, base, "print('ran')")[:2] == (1, "")
    assert "ml.g4dn.4xlarge has a GPU" in base.failure
    assert run(image, base, "print('ran')", TRAINER_WITHOUT_GPU="allow")[:2] == (0, "ran\n")


ELSEWHERE = """
import os, pathlib, shutil
pathlib.Path("results").mkdir()
for number in range(3):
    pathlib.Path("results", str(number)).write_text("x")
shutil.copy2("requirements.txt", "results/old")  # with an old time of modification
pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"], "scores.csv").write_text("x")
pathlib.Path(os.environ["SM_MODEL_DIR"], "1").mkdir()  # a folder is no model
"""


def write_before(image: Path, code: str) -> None:
    """Write the program so early that it does not count as what the program wrote."""
    (image / "mine.py").write_text(code)
    time.sleep(2 * written.CLOCK_STEP)


def test_a_program_that_leaves_no_model_is_told_where_it_wrote(image: Path, base: Base) -> None:
    base.configure(resourceconfig={"hosts": ["algo-1", "algo-2"], "current_host": "algo-1"})
    write_before(image, ELSEWHERE)
    code, _, err = run(image, base, ELSEWHERE)
    assert code == 0
    assert err == (
        f"warning: mine.py left nothing in {base.root}/model (SM_MODEL_DIR), which becomes the model. "
        f"Below {image} and {base.root}, it wrote 4 files in {image}/results, 1 file in {base.root}/output/data.\n"
    )
    write_before(image, "")
    assert run(image, base, "")[2].endswith(f"Below {image} and {base.root}, it wrote no file.\n")


@pytest.mark.parametrize("case", ["another host", "a model", "a failure"])
def test_no_other_end_names_where_a_program_wrote(image: Path, base: Base, case: str) -> None:
    base.configure(resourceconfig={"hosts": ["algo-1", "algo-2"], "current_host": "algo-2"})
    if case != "another host":
        base.configure(resourceconfig={"hosts": ["algo-1"], "current_host": "algo-1"})
    save = 'import os, pathlib\npathlib.Path(os.environ["SM_MODEL_DIR"], "model").write_text("x")\n'
    program = {"another host": "", "a model": save, "a failure": "raise SystemExit(3)"}[case]
    assert run(image, base, program)[2] == ""


@pytest.mark.parametrize("name", ["mpi", "parameter_server", "torch_distributed", "distributed_dataparallel"])
def test_a_distribution_is_refused_by_name(image: Path, base: Base, name: str) -> None:
    base.configure(hyperparameters={f"sagemaker_{name}_enabled": "true"})
    assert run(image, base, "print('ran')")[:2] == (1, "")
    assert base.failure.startswith(f"The hyperparameter sagemaker_{name}_enabled asks for the distribution '{name}'")


def test_a_distribution_that_is_off_is_not_refused(image: Path, base: Base) -> None:
    base.configure(hyperparameters={"sagemaker_mpi_enabled": "false"})
    assert run(image, base, "print('ran')")[:2] == (0, "ran\n")
