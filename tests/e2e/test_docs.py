"""Every command in a code block of README.md, CONTRIBUTING.md and docs/ is run, or is named here with why not.

A command is typed as it stands, but for what the reader fills in and for CLOUD=local.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Project, clean_environment
from tests.unit.trainer import forked

pytestmark = pytest.mark.e2e

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMAND = re.compile(
    r"(make|python|terraform|trainyard-review|pipx|uvx|aws|cd|eval|docker|\.venv/bin/\S+|[A-Z_]+=\S+ (?:python|make))"
    r"( |$)"
)

ELSEWHERE = {
    "make demo": "tests/e2e/test_demo.py",
    "make test": "it is what runs this",
    "make test-fast": "a part of what runs this",
    "make lint": "continuous integration runs it beside the tests",
    "make setup": "the tests of scripts/venv.py",
    "make setup FOR=aws": "tests/unit/test_venv.py",
    "make cloud-up": "every test here stands on it",
    "make cloud-down": "every test here ends with it",
    "make sweep": "tests/unit/localcloud/test_sweep.py: here it would take the checkpoints that other tests need",
    "make prices UPDATE=1": "tests/unit/costs/test_table.py",
    "make cloud-clean": "tests/container/test_cloud_layers.py",
    'make cloud-up FAULTS="* 503 20%"': "tests/unit/localcloud/faults/test_verb.py",
    'make cloud-faults FAULTS="sagemaker:CreateTrainingJob cut-after 1x"': "tests/unit/localcloud/faults/test_verb.py",
    "make cloud-faults": "tests/unit/localcloud/faults/test_verb.py",
    "make prove-resume KILLS=6 SEED=7": "the same as without, for longer",
    "make prove-resume JOB=my-job": "tests/e2e/test_prove_resume.py",
    ".venv/bin/python -m scripts.prove_resume --job my-job": "tests/e2e/test_prove_resume.py",
    "make prove-resume HOSTS=2": "tests/unit/proof has two hosts, and test_several_hosts.py two of our trainer",
    "make destroy": "the end of the fixture `yard`",
    "make destroy CONFIRM=dev": "tests/e2e/test_account.py",
    "make train JOB=digits": "the demo types it",
    "make image JOB=digits": "tests/container/test_demo.py",
    "make image CLOUD=local JOB=digits": "tests/container/test_demo.py",
    "make new NAME=my-train CODE=../my-project PROGRAM=train.py": "tests/container/test_own_script.py",
    "make image JOB=my-train": "tests/container/test_own_script.py",
    'make train JOB=my-train HP="epochs=20"': "tests/container/test_own_script.py",
    "make shell JOB=digits": "tests/container/test_demo.py",
    'docker run --rm -v "$PWD/data/digits:/opt/ml/input/data:ro" -v "$PWD/build/model:/opt/ml/model" IMAGE train '
    "--image_size 8 --channels 1 --epochs 2": "tests/container/test_demo.py",
    "make base": "it needs the internet; tests/container has its parts",
    "make train CLOUD=local JOB=digits": "the demo types it",
    'make train JOB=digits HP="epochs=3 learning_rate=0.01"': "tests/e2e/test_journey.py",
    "make train CLOUD=local JOB=my-job INTERRUPT=30s,90s:kill": "tests/e2e/test_resume.py",
    "make resume RUN=…": "tests/e2e/test_resume.py",
    'make resume RUN=… HP="epochs=20"': "tests/e2e/test_resume.py",
    "make tune JOB=digits CLOUD=local": "tests/e2e/test_tune.py",
    "make tune JOB=digits": "tests/e2e/test_tune.py",
    "make plan": "tests/e2e/test_plan_review.py",
    "make plan ENV=dev": "tests/e2e/test_plan_review.py: the same with another name",
    "make infra": "tests/e2e/test_plan_review.py",
    "make infra CLOUD=local": "tests/e2e/test_plan_review.py",
    "make infra YES=1": "tests/e2e/test_plan_review.py",
    "make infra ENV=dev APPROVE=4a3aaab2e4adf93e0208fba01989a7cd": "tests/e2e/test_plan_review.py",
    "python -m scripts.plan review plan.json --out review --fail-on high": "tests/unit/test_plan_verb.py",
    "python -m scripts.plan review plan.json --out build/review": "tests/unit/test_plan_verb.py",
    "python -m scripts.plan review network.json cluster.json --out review": "tests/unit/test_plan_verb.py",
    "trainyard-review plan.json --out review --fail-on high": "tests/unit/test_distribution.py",
    "uvx --from . trainyard-review plan.json": "tests/unit/test_distribution.py",
    "pipx install git+https://github.com/OWNER/trainyard@COMMIT": "tests/unit/test_distribution.py",
    "terraform show -json plan.tfplan > plan.json": "the verbs do the same",
    "terraform show -json PLANFILE > plan.json": "the verbs do the same",
    "make unlock LOCK=…": "tests/e2e/test_plan_review.py",
    "cd terraform": "the commands after it run there",
    "python -m tests.clients": "it takes a quarter of an hour; tests/clients/test_page.py checks what it made",
    ".venv/bin/python -m tests.pictures": "six minutes more; tests/unit/test_pictures.py checks what it made",
    "terraform force-unlock LOCK_ID": "tests/errors has the lock and the message; the command is Terraform's own",
    "terraform -chdir=terraform providers mirror -platform=linux_amd64 /somewhere/mirror": "it needs the internet",
}
BY_HAND = {
    "terraform init -backend-config=../build/aws-dev/backend.hcl": "Successfully configured the backend",
    "terraform plan -var-file=environments/dev.tfvars": "No changes",
    "terraform apply -var-file=environments/dev.tfvars": "Apply complete! Resources: 0 added",
}


def commands() -> dict[str, str]:
    """The commands of all pages, without their comments, with the page's name."""
    found: dict[str, str] = {}
    for page in PAGES:
        text = page.read_text(encoding="utf-8").replace("\\\n", " ")
        fenced = False
        for line in text.splitlines():
            if line.startswith("```"):
                fenced = not fenced
            elif fenced or line.startswith("    "):
                command = re.sub(r"\s+", " ", re.sub(r"\s{2,}#.*", "", line)).strip()
                if COMMAND.match(command) and "▶" not in command:
                    found.setdefault(command, page.name)
    return found


COMMANDS = commands()
MAKE = [command for command in COMMANDS if command.startswith("make ") and command not in ELSEWHERE]
PYTHON = [command for command in COMMANDS if "python -m" in command.split(" make ")[0] and command not in ELSEWHERE]
BY_HAND_IN = "/tmp/ml"
"""The commands of docs/trainer.md that name this folder: each reads what the one before has written there."""
WITH_TENSORFLOW = re.compile(r"-m trainer (?:(?:preview|evaluate|predict) |train --training)")
AWS = [command for command in COMMANDS if command.startswith(("aws ", "eval "))]


def test_each_command_has_its_place() -> None:
    known = {*ELSEWHERE, *BY_HAND, *MAKE, *PYTHON, *AWS, ".venv/bin/pre-commit install"}
    assert COMMANDS.keys() == known, "a command is new on a page, or gone from it"


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def words(command: str) -> frozenset[str]:
    """What is typed, whatever its order: `make infra` and `make infra YES=1` are one command here."""
    return frozenset([*command.split(), "CLOUD=local", "YES=1"])


@pytest.mark.parametrize("command", {words(command): command for command in MAKE}.values())
def test_make(yard: Project, demo: str, command: str) -> None:
    run = sorted(path.name for path in (yard.folder / "runs").iterdir())[0]
    image = "IMAGE=123456789012.dkr.ecr.us-east-1.amazonaws.com/trainyard-local-trainer:mine"
    typed = command.replace("IMAGE=…", image).replace("RUN=…", f"RUN={run}")
    # More kills, of a small program, are in tests/unit/proof.
    typed = typed.replace("make prove-resume", "make prove-resume KILLS=1 SEED=9")
    yard_command = ["sh", "-c", f"{typed} CLOUD=local YES=1"]
    with yard.start(*yard_command) as process:
        output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output


@pytest.mark.parametrize("command", [command for command in PYTHON if BY_HAND_IN not in command])
def test_python(yard: Project, demo: str, command: str) -> None:
    type_python(yard, command)


def test_the_trainer_by_hand(yard: Project, demo: str) -> None:
    for command in (command for command in PYTHON if BY_HAND_IN in command):
        type_python(yard, command)


def type_python(yard: Project, command: str) -> None:
    """Type a command that starts Python; it must succeed."""
    run = sorted(path.name for path in (yard.folder / "runs").iterdir())[0]
    typed = (
        re.sub(r"(?<!/)\bpython -m", f"{sys.executable} -m", command)
        .replace(" [--NAME VALUE …]", " --help")
        .replace("--model DIR --data DIR", f"--model runs/{run}/model --data data/digits/test")
        .replace("--model DIR IMAGE …", f"--model runs/{run}/model data/digits/test/3/*.png")
        .replace(BY_HAND_IN, str(yard.folder / "build" / "ml"))
        .replace("--epochs 15", "--epochs 1")
    )
    tensorflow = WITH_TENSORFLOW.search(typed)
    code, output = in_fork(yard, typed) if tensorflow else in_shell(yard, typed)
    assert code == 0, output


def in_shell(yard: Project, typed: str) -> tuple[int, str]:
    """Type a command; its exit code, and what it printed."""
    with yard.start("sh", "-c", typed) as process:
        output, _ = process.communicate(timeout=300)
    return process.returncode, output


def in_fork(yard: Project, typed: str) -> tuple[int, str]:
    """The same, in a fork of a Python that has imported TensorFlow; a shell reads the command."""
    read = f'{sys.executable} -c "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ)]))"'
    code, output = in_shell(yard, typed.replace(f"{sys.executable} -m", read))
    assert code == 0, output
    arguments, environment = json.loads(output)
    ended = forked.run(arguments, yard.folder, environment, timeout=300)
    return ended.returncode, ended.stdout + ended.stderr


def local_environment(yard: Project) -> dict[str, str]:
    """What `eval "$(make -s cloud-env)"` makes of a shell's environment."""
    shell = ["bash", "-c", 'eval "$(make -s cloud-env)" && env -0']
    with yard.start(*shell) as process:
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    return dict(line.split("=", 1) for line in output.split("\0") if "=" in line)


def test_terraform_by_hand(yard: Project, demo: str) -> None:
    environment = {**clean_environment(), **local_environment(yard)}
    environment["TF_DATA_DIR"] = str(yard.folder / "terraform" / ".terraform")
    mirror = yard.folder / "build" / "local-local" / "terraform.rc"
    if mirror.exists():
        environment["TF_CLI_CONFIG_FILE"] = str(mirror)
    for command, expected in BY_HAND.items():
        typed = command.replace("aws-dev", "local-local").replace("environments/dev", "environments/local")
        ended = subprocess.run(
            [*typed.split(), "-no-color", *(["-auto-approve"] if " apply " in typed else [])],
            cwd=yard.folder / "terraform",
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        assert expected in ended.stdout


def test_aws_commands(yard: Project, demo: str, awscli: Path) -> None:
    environment = {**clean_environment(), **local_environment(yard)}
    environment["PATH"] = f"{awscli.parent}{os.pathsep}{os.environ['PATH']}"
    place = "123456789012-us-east-1"
    bucket = f"trainyard-local-data-{place}"

    def run(command: str) -> str:
        filled = command.replace("BUCKET", bucket).replace("<account>-<region>", place).replace("dev/", "local/")
        ended = subprocess.run(
            ["bash", "-c", filled],
            cwd=yard.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 0, f"{filled}\n{ended.stderr}"
        return ended.stdout

    key = min((yard.folder / "data/digits/training/3").iterdir()).name
    run(f"aws s3api delete-object --bucket BUCKET --key digits/training/3/{key}")
    for command in filter(lambda command: command.startswith("aws "), AWS):
        typed = command.replace("0017.png", key)
        if "MARKERS_VERSION_ID" in typed:
            marker = run(next(one for one in AWS if "DeleteMarkers" in one)).split()[1]
            typed = typed.replace("MARKERS_VERSION_ID", marker)
        if "--version-id …" in typed:
            listing = run("aws s3api list-object-versions --bucket trainyard-tfstate-<account>-<region> --prefix dev/")
            versions = [one["VersionId"] for one in json.loads(listing)["Versions"] if one["Key"].endswith(".tfstate")]
            state = f"trainyard-tfstate-{place}"
            typed = typed.replace("--bucket …", f"--bucket {state}").replace(
                "version-id …", f"version-id {versions[0]}"
            )
        run(typed)
    run(f"aws s3api head-object --bucket BUCKET --key digits/training/3/{key}")


def test_pre_commit_can_be_installed(tmp_path: Path) -> None:
    clone = Project(tmp_path / "clone")
    with clone.start("sh", "-c", "git init -q . && .venv/bin/pre-commit install") as process:
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert (clone.folder / ".git" / "hooks" / "pre-commit").exists()
