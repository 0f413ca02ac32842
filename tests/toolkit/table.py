"""What a program finds under SageMaker's training toolkit ("there") and under the trainer ("here").

`test_toolkit.py` runs both and compares them with this table; `page.py` writes it into docs/bring-your-own-script.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.toolkit.sides import REPORT, Ended, Job

EXACT = "exact, as sent; a JSON reader reads it"


@dataclass(frozen=True)
class Value:
    """A hyperparameter.

    Args:
        name: its name.
        sent: its value in hyperparameters.json.
        there: the arguments that the toolkit makes of it.
        here: those that the trainer makes.
        hps: its value in SM_HPS.
        why: why the trainer differs; empty if it does not.
        hps_there: its value in the toolkit's SM_HPS, if that differs.
    """

    name: str
    sent: str
    there: tuple[str, ...]
    here: tuple[str, ...]
    hps: str
    why: str = ""
    hps_there: str = ""


VALUES = (
    Value("flag", "true", ("--flag", "True"), ("--flag", "True"), "true"),
    Value("off", "false", ("--off", "False"), ("--off", "False"), "false"),
    Value("answer", '"true"', ("--answer", "true"), ("--answer", "true"), '"true"'),
    Value("none", "null", ("--none", ""), ("--none", ""), "null"),
    Value("word", '"null"', ("--word", "null"), ("--word", "null"), '"null"'),
    Value("epochs", "10", ("--epochs", "10"), ("--epochs", "10"), "10"),
    Value("rate", "1e-3", ("--rate", "0.001"), ("--rate", "1e-3"), "0.001", EXACT),
    Value(
        "version",
        "0.10",
        ("--version", "0.1"),
        ("--version", "0.10"),
        "0.1",
        "exact: it may be a version, and not a number",
    ),
    Value("code", "007", ("--code", "007"), ("--code", "007"), '"007"'),
    Value("negative", "-1", ("--negative", "-1"), ("--negative=-1",), "-1", "no parser takes it for an option"),
    Value("dash", "-x y", ("--dash", "-x y"), ("--dash=-x y",), '"-x y"', "no parser takes it for an option"),
    Value("list", '["a", 1]', ("--list", "['a', 1]"), ("--list", '["a", 1]'), '["a",1]', EXACT),
    Value(
        "object", '{"b": 1, "a": 2}', ("--object", "a=2,b=1"), ("--object", '{"b": 1, "a": 2}'), '{"a":2,"b":1}', EXACT
    ),
    Value(
        "nan", "NaN", ("--nan", "nan"), ("--nan", "NaN"), '"NaN"', "exact; SM_HPS stays JSON, which has no NaN", "NaN"
    ),
    Value("huge", "1e400", ("--huge", "inf"), ("--huge", "1e400"), '"1e400"', "exact; SM_HPS stays JSON", "Infinity"),
    Value("spaces", " 1 ", ("--spaces", "1"), ("--spaces", " 1 "), "1", "exact"),
    Value("text", "two  words", ("--text", "two  words"), ("--text", "two  words"), '"two  words"'),
    Value("quoted", '"say \\"hi\\""', ("--quoted", 'say "hi"'), ("--quoted", 'say "hi"'), '"say \\"hi\\""'),
    Value("half", '"in" quotes', ("--half", '"in" quotes'), ("--half", '"in" quotes'), '"\\"in\\" quotes"'),
    Value("lines", '"a\\nb"', ("--lines", "a\nb"), ("--lines", "a\nb"), '"a\\nb"'),
    Value("empty", "", ("--empty", ""), ("--empty", ""), '""'),
    Value("unicode", "Ωμ", ("--unicode", "Ωμ"), ("--unicode", "Ωμ"), '"\\u03a9\\u03bc"'),
    Value("n", "5", ("-n", "5"), ("-n", "5"), "5"),
)

# What SageMaker's SDK and its tuner add; no program gets them as arguments.
ADDED = {
    "sagemaker_container_log_level": "10",
    "sagemaker_estimator_class_name": '"TensorFlow"',
    "sagemaker_job_name": '"job-1"',
    "sagemaker_region": '"us-east-1"',
    "_tuning_objective_metric": "accuracy",
    "default_user_module_name": "train",
}

HANDLER = """
import os, signal, time
def stop(*_):
    with open(os.environ["SM_MODEL_DIR"] + "/found.json", "w") as file:
        file.write("{}")
    os._exit(0)
signal.signal(signal.SIGTERM, stop)
print("ready", flush=True)
time.sleep(600)  # jobs before it may take long
"""

SETUP = """
from setuptools import setup
setup(name="project", version="1.0", py_modules=["train"])
"""
INSTALLED = REPORT.replace("import json", "import importlib.metadata, json").replace(
    "found = {", 'found = {"version": importlib.metadata.version("project"), '
)

JOBS = {
    "values": Job(REPORT, {value.name: value.sent for value in VALUES} | ADDED),
    "exit": Job("raise SystemExit(7)"),
    "exception": Job("raise KeyError('weights')"),
    "stop": Job(HANDLER, signal=True),
    "distribution": Job(REPORT, {"sagemaker_parameter_server_enabled": "true"}),
    "workers": Job(REPORT, {"sagemaker_multi_worker_mirrored_strategy_enabled": "true"}),
    "setup": Job(INSTALLED, project={"setup.py": SETUP}),
    "sdk": Job(REPORT, sdk=True),
}

Ends = Mapping[str, Ended]
"""The ends of one side's jobs, by name."""


@dataclass(frozen=True)
class Behaviour:
    """Anything else that a program or its owner sees.

    Args:
        title: what it is.
        read: reads it from the ends of one side's jobs.
        there: what it is with the toolkit.
        here: with the trainer.
        why: why the trainer differs; empty if it does not.
    """

    title: str
    read: Callable[[Ends], str]
    there: str
    here: str
    why: str = ""


def _variable(name: str) -> Callable[[Ends], str]:
    return lambda ends: ends["values"].variables[name]


def _found(name: str) -> Callable[[Ends], str]:
    return lambda ends: str(ends["values"].found[name])


def _failure(job: str) -> Callable[[Ends], str]:
    return lambda ends: ends[job].output["failure"].splitlines()[0]


BEHAVIOURS = (
    Behaviour(
        "the order of the arguments",
        lambda ends: "by name" if ends["values"].options == sorted(ends["values"].options) else "as sent",
        "by name",
        "by name",
    ),
    Behaviour(
        "`sys.argv[0]`",
        lambda ends: ends["values"].found["argv"][0],
        "train.py",
        "/opt/ml/code/train.py",
        "it is found from any folder",
    ),
    Behaviour("the working folder", _found("folder"), "/opt/ml/code", "/opt/ml/code"),
    Behaviour("`sys.path[0]`", _found("path"), "/opt/ml/code", "/opt/ml/code"),
    Behaviour(
        "SM_FRAMEWORK_PARAMS: what the SDK adds",
        _variable("SM_FRAMEWORK_PARAMS"),
        '{"sagemaker_estimator_class_name":"TensorFlow"}',
        '{"sagemaker_estimator_class_name":"TensorFlow"}',
    ),
    Behaviour("SM_LOG_LEVEL with `sagemaker_container_log_level` 10", _variable("SM_LOG_LEVEL"), "10", "10"),
    Behaviour("SM_NUM_NEURONS with two devices of two cores", _variable("SM_NUM_NEURONS"), "4", "4"),
    Behaviour("SAGEMAKER_REGION", _variable("SAGEMAKER_REGION"), "us-east-1", "us-east-1"),
    Behaviour("the files in `/opt/ml/output`", lambda ends: " ".join(ends["values"].output), "success", "success"),
    Behaviour(
        "the exit code after `sys.exit(7)`",
        lambda ends: str(ends["exit"].exit_code),
        "1",
        "7",
        "your code arrives; both are Failed",
    ),
    Behaviour(
        "FailureReason after an exception",
        _failure("exception"),
        "ExecuteUserScriptError:",
        "KeyError: 'weights'",
        "it says what happened; the lines follow",
    ),
    Behaviour(
        "does SIGTERM reach the program?",
        lambda ends: "yes" if ends["stop"].reported else "no",
        "no",
        "yes",
        "the program can save its model",
    ),
    Behaviour(
        "a project with a `setup.py`",
        lambda ends: "installed {version}, runs as python -m {spec}".format(**ends["setup"].found),
        "installed 1.0, runs as python -m train",
        "installed 1.0, runs as python -m train",
    ),
    Behaviour(
        "`sagemaker_program` from `sagemaker_submit_directory`",
        lambda ends: " from ".join(ends["sdk"].variables[f"SM_{name}"] for name in ("USER_ENTRY_POINT", "MODULE_DIR")),
        "train.py from /opt/ml/input/data/code/sourcedir.tar.gz",
        "train.py from /opt/ml/input/data/code/sourcedir.tar.gz",
    ),
    Behaviour(
        "its working folder",
        lambda ends: "/opt/ml/code" if ends["sdk"].found["folder"] == "/opt/ml/code" else "a new folder",
        "/opt/ml/code",
        "a new folder",
        "the image's code is in /opt/ml/code",
    ),
    Behaviour(
        "`sagemaker_parameter_server_enabled`",
        lambda ends: (
            "the program starts alone"
            if ends["distribution"].reported
            else ends["distribution"].output["failure"].partition(" asks")[0]
        ),
        "the program starts alone",
        "The hyperparameter sagemaker_parameter_server_enabled",
        "refused before the start, with this message",
    ),
    Behaviour(
        "SM_DISTRIBUTION_INSTANCE_GROUPS with `sagemaker_multi_worker_mirrored_strategy_enabled`",
        lambda ends: ends["workers"].variables["SM_DISTRIBUTION_INSTANCE_GROUPS"],
        '["homogeneousCluster"]',
        '["homogeneousCluster"]',
    ),
)
