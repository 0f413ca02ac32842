"""SAGEMAKER_PROGRAM: the arguments, variables, folder and modules that another program finds, as with the toolkit."""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.jobfile import resolve_hyperparameters
from tests.unit.trainer.program_runs import run
from tests.unit.trainer.trainer_runs import Base, environment
from trainer.contract import variables

pytestmark = pytest.mark.usefixtures("forked_base")

AWKWARD = {
    "plain": "0.10",
    "spaces": "two  words ",
    "quotes": 'it\'s "so"',
    "half_quoted": '"in" quotes',
    "dollar": "$HOME `id` $(id) \\",
    "lines": "one\ntwo\n",
    "unicode": "naïve Ωμέγα 🚂",
    "dashes": "--not-an-option",
    "negative": "-1",
    "empty": "",
    "digits": "007",
    "list": "[1, 2]",
    "yes": "true",
    "nothing": "null",
    "spaced": " 1 ",
}

# From to_env_vars in the toolkit's environment.py.
TOOLKIT_VARIABLES = """
HOSTS NETWORK_INTERFACE_NAME HPS USER_ENTRY_POINT FRAMEWORK_PARAMS RESOURCE_CONFIG INPUT_DATA_CONFIG OUTPUT_DATA_DIR
CHANNELS CURRENT_HOST CURRENT_INSTANCE_TYPE CURRENT_INSTANCE_GROUP CURRENT_INSTANCE_GROUP_HOSTS INSTANCE_GROUPS
INSTANCE_GROUPS_DICT DISTRIBUTION_INSTANCE_GROUPS IS_HETERO MODULE_NAME LOG_LEVEL FRAMEWORK_MODULE INPUT_DIR
INPUT_CONFIG_DIR OUTPUT_DIR NUM_CPUS NUM_GPUS MODEL_DIR MODULE_DIR TRAINING_ENV USER_ARGS OUTPUT_INTERMEDIATE_DIR
"""

REPORT = """
import argparse, json, os, sys
parser = argparse.ArgumentParser(allow_abbrev=False)
for name in {names!r}:
    parser.add_argument("--" + name if len(name) > 1 else "-" + name)
parsed = vars(parser.parse_args())
variables = {{name: value for name, value in os.environ.items() if name.startswith("SM_")}}
report = {{"parsed": parsed, "variables": variables, "name": __name__, "argv0": sys.argv[0], "path0": sys.path[0]}}
with open(os.path.join(os.environ["SM_MODEL_DIR"], "report.json"), "w") as file:
    json.dump(report, file)
"""


def read_report(base: Base) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((base.root / "model" / "report.json").read_text())
    return loaded


def test_every_string_arrives_exactly_as_it_was_written(image: Path, base: Base) -> None:
    sent = resolve_hyperparameters(AWKWARD, {}, None)
    base.configure(hyperparameters={**sent, "_tuning_objective_metric": "x", "sagemaker_region": "y"})
    code, _, err = run(image, base, REPORT.format(names=list(AWKWARD)))
    assert (code, err) == (0, "")
    report = read_report(base)
    assert report["parsed"] == AWKWARD
    variables = report["variables"]
    assert {name: variables[f"SM_HP_{name.upper()}"] for name in AWKWARD} == AWKWARD
    assert json.loads(variables["SM_HPS"]) == AWKWARD
    assert report["name"] == "__main__"
    assert report["argv0"] == str(image / "mine.py")
    assert report["path0"] == str(image)


def test_the_variables_of_sagemakers_toolkit_are_set(image: Path, base: Base, tmp_path: Path) -> None:
    resources: dict[str, Any] = {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "eth1"}
    resources["current_instance_type"] = "ml.m5.xlarge"
    resources["current_group_name"] = "homogeneousCluster"
    group = {"instance_group_name": "homogeneousCluster", "instance_type": "ml.m5.xlarge", "hosts": ["algo-1"]}
    resources["instance_groups"] = [group]
    inputs = {name: {"TrainingInputMode": "File"} for name in ("training", "my-data")}
    base.configure(hyperparameters={"n": "1"}, resourceconfig=resources, inputdataconfig=inputs)
    assert (
        run(image, base, REPORT.format(names=["n"]), SM_MODEL_DIR="/opt/ml/output", TRAINING_JOB_NAME="job-1")[0] == 0
    )
    variables = read_report(base)["variables"]
    assert variables["SM_MODEL_DIR"] == str(base.root / "model")  # the job's environment does not matter
    assert variables["SM_OUTPUT_DATA_DIR"] == str(base.root / "output" / "data")
    assert json.loads(variables["SM_CHANNELS"]) == ["my-data", "training"]
    assert variables["SM_CHANNEL_TRAINING"] == str(base.root / "input" / "data" / "training")
    assert variables["SM_CHANNEL_MY-DATA"] == str(base.root / "input" / "data" / "my-data")
    assert json.loads(variables["SM_HOSTS"]) == ["algo-1"]
    assert variables["SM_CURRENT_HOST"] == "algo-1"
    assert variables["SM_NETWORK_INTERFACE_NAME"] == "eth1"
    assert variables["SM_NUM_CPUS"] == str(os.cpu_count())
    assert int(variables["SM_NUM_GPUS"]) >= 0
    assert json.loads(variables["SM_RESOURCE_CONFIG"]) == resources
    assert json.loads(variables["SM_INPUT_DATA_CONFIG"]) == inputs
    assert json.loads(variables["SM_USER_ARGS"]) == ["-n", "1"]
    assert variables["SM_USER_ENTRY_POINT"] == "mine.py"
    assert (variables["SM_MODULE_NAME"], variables["SM_MODULE_DIR"]) == ("mine", str(image))
    assert variables["SM_CURRENT_INSTANCE_GROUP"] == "homogeneousCluster"
    assert json.loads(variables["SM_CURRENT_INSTANCE_GROUP_HOSTS"]) == ["algo-1"]
    assert json.loads(variables["SM_INSTANCE_GROUPS_DICT"]) == {"homogeneousCluster": group}
    assert set(variables) >= {f"SM_{name}" for name in TOOLKIT_VARIABLES.split()}
    whole = json.loads(variables["SM_TRAINING_ENV"])
    assert (whole["job_name"], whole["is_master"], whole["hyperparameters"]) == ("job-1", True, {"n": 1})


def test_each_of_two_hosts_knows_its_name(image: Path, base: Base) -> None:
    base.configure(resourceconfig={"hosts": ["algo-1", "algo-2"], "current_host": "algo-2"})
    assert run(image, base, REPORT.format(names=[]))[0] == 0
    variables = read_report(base)["variables"]
    assert (json.loads(variables["SM_HOSTS"]), variables["SM_CURRENT_HOST"]) == (["algo-1", "algo-2"], "algo-2")
    whole = json.loads(variables["SM_TRAINING_ENV"])
    assert (whole["is_master"], whole["master_hostname"]) == (False, "algo-1")


def test_an_absent_channel_has_no_variable(image: Path, base: Base, tmp_path: Path) -> None:
    channels = base.root / "input" / "data"
    set_by_image = {f"SM_CHANNEL_{name.upper()}": str(channels / name) for name in ("training", "validation", "test")}
    base.configure(inputdataconfig={"training": {}}).channel("training", tmp_path)
    assert run(image, base, REPORT.format(names=[]), **set_by_image)[0] == 0
    variables = read_report(base)["variables"]
    assert [name for name in variables if name.startswith("SM_CHANNEL_")] == ["SM_CHANNEL_TRAINING"]
    child = "import os, subprocess; subprocess.run(['env'])"
    assert "SM_CHANNEL_TEST" not in run(image, base, child, **set_by_image)[1]


@pytest.mark.parametrize("script", ["exit 1", "echo no JSON"])
def test_without_a_list_of_neuron_devices_there_are_none(image: Path, base: Base, tmp_path: Path, script: str) -> None:
    lister = tmp_path / "neuron-ls"
    lister.write_text(f"#!/bin/sh\n{script}\n")
    lister.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    out = run(image, base, "import os; print(os.environ['SM_NUM_NEURONS'])", PATH=path)[1]
    assert out == "0\n"


def test_arguments_of_the_container_come_after_the_hyperparameters(image: Path, base: Base) -> None:
    """ContainerArguments ["train", "--epochs", "3"] of a request."""
    (image / "mine.py").write_text("import sys; print(sys.argv[1:])")
    base.configure(hyperparameters={"z": "1"})
    ended = subprocess.run(
        [sys.executable, "-m", "trainer", "train", "--epochs", "3"],
        cwd=image.parent,
        env=environment(SAGEMAKER_BASE_DIR=str(base.root), SAGEMAKER_PROGRAM="mine.py"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout == "['-z', '1', '--epochs', '3']\n"


# argparse itself drops a value that is `--` alone, however it is given (ArgumentParser._get_values).
TEXTS = st.text().filter(lambda text: text != "--")


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True), TEXTS, max_size=5))
def test_arguments_survive_argparse(values: dict[str, str]) -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False, add_help=False)
    for name in values:
        parser.add_argument(f"--{name}" if len(name) > 1 else f"-{name}")
    assert vars(parser.parse_args(variables.to_arguments(values))) == values


def test_the_program_runs_in_the_folder_of_the_code_and_imports_from_there(image: Path, base: Base) -> None:
    (image / "src").mkdir()
    (image / "src" / "beside.py").write_text("NAME = 'beside'\n")
    (image / "above.py").write_text("NAME = 'above'\n")
    (image / "words.txt").write_text("words")
    child = "import above, os; print(above.NAME, 'SM_HPS' in os.environ)"
    code = f"""
import multiprocessing, subprocess, sys
import above, beside

def double(number):
    return 2 * number

if __name__ == "__main__":
    print(beside.NAME, above.NAME, open("words.txt").read(), sys.argv[0], flush=True)
    subprocess.run([sys.executable, "-c", {child!r}], check=True)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.map(double, [4]))
"""
    (image / "src" / "train.py").write_text(code)
    exit_code, out, _ = run(image, base, "", "src/train.py")
    assert exit_code == 0
    assert out.splitlines() == [f"beside above words {image}/src/train.py", "above True", "[8]"]


@pytest.mark.parametrize(
    "name", ["trainer.py", "trainer/__init__.py", "contract.py", "data.py", "evaluate.py", "resume.py"]
)
def test_the_program_finds_its_own_modules_whatever_their_names(
    image: Path, base: Base, tmp_path: Path, name: str
) -> None:
    code = tmp_path / "project"
    (code / name).parent.mkdir(parents=True)
    (code / name).write_text("OWNER = 'the project'\n")
    module = name.partition("/")[0].removesuffix(".py")
    (code / "train.py").write_text(f"import sys, {module}; print({module}.OWNER, sys.argv[0])")
    ended = run(image, base, "", "train.py", SAGEMAKER_SUBMIT_DIRECTORY=str(code), PYTHONPATH=str(image.parent))
    assert ended[:2] == (0, f"the project {code}/train.py\n")


FINDS = """
import subprocess, sys, trainyard
from importlib.util import find_spec
here = [name for name in ("trainyard", "trainer", "scripts", "tests", "numpy") if find_spec(name)]
command = [sys.executable, "-c", "import trainyard; print(trainyard.JobError.__name__)"]
also = subprocess.run(command, capture_output=True)
print(here, also.stdout.decode().strip(), trainyard.__all__ != [], "tensorflow" in sys.modules)
"""


@pytest.mark.parametrize("path_is_set", [False, True], ids=["clone", "image"])
def test_of_our_code_a_program_finds_trainyard_alone(
    image: Path, base: Base, tmp_path: Path, path_is_set: bool
) -> None:
    """In a clone, the trainer is found in the working directory; in an image, in PYTHONPATH."""
    code = tmp_path / "project"
    code.mkdir()
    (code / "train.py").write_text(FINDS)
    path = {"PYTHONPATH": str(image.parent)} if path_is_set else {}
    ended = run(image, base, "", "train.py", SAGEMAKER_SUBMIT_DIRECTORY=str(code), **path)
    assert ended[:2] == (0, "['trainyard', 'numpy'] JobError True False\n"), ended


def test_a_program_may_have_a_module_called_trainyard(image: Path, base: Base, tmp_path: Path) -> None:
    code = tmp_path / "project"
    code.mkdir()
    (code / "trainyard.py").write_text("OWNER = 'the project'\n")
    (code / "train.py").write_text("import trainyard; print(trainyard.OWNER)")
    assert run(image, base, "", "train.py", SAGEMAKER_SUBMIT_DIRECTORY=str(code))[:2] == (0, "the project\n")
