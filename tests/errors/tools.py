"""Errors with the tools on this machine: Terraform, Python, the disk."""

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.errors.case import (
    STACK,
    Case,
    aside,
    file,
    small_disk,
    variable,
)
from tests.errors.scene import Given, Scene

GROUP = "Tools"
INSTALL = "Install Terraform 1.11 or newer: https://developer.hashicorp.com/terraform/install"
STATE = "trainyard-tfstate-123456789012-us-east-1"
LOCK = {
    "ID": "3c5a1d1e-0b7e-4a57-8a0b-8c6b5f6a2f11",
    "Operation": "OperationTypeApply",
    "Info": "",
    "Who": "ada@laptop",
    "Version": "1.11.4",
    "Created": "2026-08-20T10:11:12.123456Z",
    "Path": f"{STATE}/local/terraform.tfstate",
}
OLD_TERRAFORM = (
    '#!/bin/sh\necho \'{"terraform_version": "1.5.7", "platform": "linux_amd64", "provider_selections": {}}\'\n'
)


@contextmanager
def only_these_programs(scene: Scene) -> Iterator[None]:
    """A PATH with what make and the verbs need, without Terraform."""
    bin_folder = scene.folder / "build" / "bin"
    bin_folder.mkdir(parents=True)
    for name in ("make", "sh", "awk", "git", "python3"):
        found = shutil.which(name)
        assert found
        (bin_folder / name).symlink_to(found)
    scene.environment["PATH"] = str(bin_folder)
    try:
        yield
    finally:
        shutil.rmtree(bin_folder)


def terraform_is(script: str, name: str = "terraform") -> Given:
    """A program named terraform, or otherwise."""

    @contextmanager
    def found(scene: Scene) -> Iterator[None]:
        with only_these_programs(scene):
            program = scene.folder / "build" / "bin" / name
            program.write_text(script)
            program.chmod(0o755)
            yield

    return found


@contextmanager
def an_old_python(scene: Scene) -> Iterator[None]:
    """A program that tells scripts/venv.py the version of an old Python, and no .venv yet."""
    python = scene.folder / "build" / "python3.9"
    python.parent.mkdir(exist_ok=True)
    pretend = (
        "import runpy, sys; sys.version_info = (3, 9, 2, 'final', 0); "
        "del sys.argv[0]; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{pretend}" "$@"\n')
    python.chmod(0o755)
    with aside(".venv")(scene):
        yield
        assert not (scene.folder / ".venv").exists()
    python.unlink()


@contextmanager
def no_way_to_the_registry(scene: Scene) -> Iterator[None]:
    """A fresh clone whose Terraform may ask nobody, and nobody has set up a mirror."""
    build = scene.folder / "build" / "local-fresh"
    build.mkdir(parents=True)
    (build / "own.tfrc").write_text("")
    scene.environment |= {
        "TF_DATA_DIR": str(build / "terraform"),
        "TF_CLI_CONFIG_FILE": str(build / "own.tfrc"),
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "AWS_REGION": "eu-south-1",
    }
    try:
        yield
    finally:
        shutil.rmtree(build)


@contextmanager
def a_lock(scene: Scene) -> Iterator[None]:
    """The lock that a Terraform which was killed has left in the state's bucket."""
    place = {"Bucket": STATE, "Key": "local/terraform.tfstate.tflock"}
    s3 = scene.client("s3")
    s3.put_object(Body=json.dumps(LOCK), **place)
    try:
        yield
    finally:
        s3.delete_object(**place)


CASES = (
    Case(
        GROUP,
        "no Terraform on PATH",
        "make infra",
        "Terraform is not installed: there is no `terraform` on PATH.",
        INSTALL,
        only_these_programs,
    ),
    Case(
        GROUP,
        "OpenTofu on PATH, and no Terraform",
        "make infra",
        "There is only `tofu` on PATH, and this command needs Terraform.",
        f"{INSTALL}. A plan of OpenTofu can be reviewed: `tofu show -json PLANFILE > plan.json`, then "
        "`python -m scripts.plan review plan.json`.",
        terraform_is(OLD_TERRAFORM, "tofu"),
    ),
    Case(
        GROUP,
        "a Terraform that is too old",
        "make infra",
        "Terraform 1.5.7 (…/terraform) is too old for this project.",
        INSTALL,
        terraform_is(OLD_TERRAFORM),
    ),
    Case(
        GROUP,
        "a Terraform that prints no JSON",
        "make infra",
        "`…/terraform version -json` prints no version: 'Terraform v1.11.4'.",
        INSTALL,
        terraform_is("#!/bin/sh\necho Terraform v1.11.4\n"),
    ),
    Case(
        GROUP,
        "no way to Terraform's registry, and no mirror",
        "make infra YES=1",
        "Terraform could not get its provider: its own message is above.",
        "Check the connection to registry.terraform.io, or name a mirror of it: TRAINYARD_PROVIDER_MIRROR=FOLDER "
        "(docs/infrastructure.md).",
        no_way_to_the_registry,
        STACK,
    ),
    Case(
        GROUP,
        "a mirror that does not hold the provider",
        "make infra",
        "TRAINYARD_PROVIDER_MIRROR names /nowhere, which does not hold registry.terraform.io/hashicorp/aws 5.… for ….",
        "Fill the folder with `terraform -chdir=terraform providers mirror /nowhere`, or unset the variable.",
        variable(TRAINYARD_PROVIDER_MIRROR="/nowhere"),
    ),
    Case(
        GROUP,
        "somebody else holds the state's lock",
        "make infra YES=1",
        "The state of `local` is locked: ada@laptop has held the lock since 2026-08-20 10:11:12 UTC (apply).",
        "Wait until that command ends. If it no longer runs, remove the lock: "
        f"`make unlock CLOUD=local ENV=local LOCK={LOCK['ID']}`.",
        a_lock,
        STACK,
    ),
    Case(
        GROUP,
        "a lock to remove that is not there",
        f"make unlock LOCK={LOCK['ID']}",
        "The state of `local` is not locked, or you have no right to read its lock.",
        "Run the command that found it locked again.",
        on=STACK,
    ),
    Case(
        GROUP,
        "another lock than the one to remove",
        "make unlock LOCK=mistyped",
        "LOCK=mistyped is not the lock on the state of `local`: nothing was unlocked.",
        f"Its lock is {LOCK['ID']}, held by ada@laptop. `make infra` says how to remove it.",
        a_lock,
        STACK,
    ),
    Case(
        GROUP,
        "variables with which Terraform would plan something else",
        "make infra YES=1",
        "TF_VAR_project and TF_WORKSPACE are set: they change what Terraform does, and no review would say so.",
        "`unset TF_VAR_project TF_WORKSPACE`, then run the same command again. The stack's variables are in "
        "terraform/environments/.",
        variable(TF_WORKSPACE="other", TF_VAR_project="other"),
    ),
    Case(
        GROUP,
        "a folder of Terraform's data that is not Trainyard's",
        "make train JOB=digits",
        "TF_DATA_DIR is set: it changes what Terraform does, and no review would say so.",
        "`unset TF_DATA_DIR`, then run the same command again. The stack's variables are in terraform/environments/.",
        variable(TF_DATA_DIR="{folder}/terraform/.terraform"),
    ),
    Case(
        GROUP,
        "Terraform fails",
        "make infra YES=1",
        "`terraform plan` failed: its own message is above.",
        "Correct what it names, then run `make infra` again (usual causes: docs/infrastructure.md).",
        file("terraform/environments/local.tfvars", 'environment = "local"\nproject =\n'),
        STACK,
    ),
    Case(
        GROUP,
        "an environment that does not exist",
        "make infra ENV=locla",
        "There is no environment `locla`: terraform/environments/locla.tfvars does not exist. Did you mean `local`?",
        "Known environments: dev, local, prod. For a new one, copy terraform/environments/dev.tfvars and give it a new "
        "name.",
    ),
    Case(
        GROUP,
        "a Python that is too old",
        "make setup PYTHON=build/python3.9",
        "Python 3.9 has no TensorFlow 2.21 wheels; Python 3.11, 3.12 and 3.13 have.",
        "…`make PYTHON=… …`.",
        an_old_python,
    ),
    Case(
        GROUP,
        "no space on the disk",
        "make digits",
        "There is no space left on the disk….",
        "Free some space (`df -h .` shows how much is left), then run the same command again. No file is half-written.",
        small_disk("data"),
    ),
)
