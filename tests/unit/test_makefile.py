"""The Makefile: typed values reach the verbs unchanged, and make and the shell execute nothing in them."""

import importlib
import json
import re
import stat
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import ROOT, Project

MAKEFILE = (ROOT / "Makefile").read_text()

NASTY = [
    "$(shell touch ran)",
    "`touch ran`",
    "$$(touch ran)",
    "${HOME} $x $$x",
    "name='a b' other=\"c d\"",
    "a=1; touch ran",
    "a=1 # not a comment",
    "a=b\\ c",
    "ü=☃",
    "$(error no)",
    ",(a,b)",
]


@pytest.fixture
def spy(project: Project) -> Path:
    """A program in place of Python that writes its arguments and environment to seen.json."""
    program = project.folder / "spy"
    program.write_text(
        f"#!{sys.executable}\n"
        "import json, os, sys\n"
        "json.dump({'arguments': sys.argv[1:], 'environment': dict(os.environ)}, open('seen.json', 'w'))\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def seen(project: Project) -> tuple[list[str], dict[str, str]]:
    answer = json.loads((project.folder / "seen.json").read_text())
    return answer["arguments"], answer["environment"]


TYPED = " ".join(re.findall(r"^unexport (.+)$", MAKEFILE, re.MULTILINE)).split()


@pytest.mark.parametrize("text", NASTY)
def test_typed_values_arrive_unchanged(project: Project, spy: Path, text: str) -> None:
    names = [name for name in TYPED if name not in {"CLOUD", "FOR", "INTERRUPT"}]  # make itself reads these
    assert {"HP", "JOB", "RUN", "IMAGE", "ENV", "APPROVE"} < set(names)
    project.make("train", f"VENV={spy}", *(f"{name}={number}{text}" for number, name in enumerate(names)))
    arguments, environment = seen(project)
    for number, name in enumerate(names):
        assert environment[f"{name}_TEXT"] == f"{number}{text}"
        assert name not in environment
    assert arguments == ["-m", "scripts.train"]
    assert not (project.folder / "ran").exists()


@pytest.mark.parametrize("text", NASTY)
def test_values_from_the_environment_arrive_unchanged(project: Project, spy: Path, text: str) -> None:
    project.make("train", f"VENV={spy}", env={"HP": text})
    assert seen(project)[1]["HP_TEXT"] == text
    assert not (project.folder / "ran").exists()


@pytest.mark.e2e
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\n\r"), min_size=1, max_size=60))
def test_any_line_arrives_unchanged(project: Project, spy: Path, text: str) -> None:
    # GNU make removes blanks around a value, but keeps every character inside it.
    project.make("train", f"VENV={spy}", f"HP=x{text}x")
    assert seen(project)[1]["HP_TEXT"] == f"x{text}x"


def test_cloud_local_uses_exec(project: Project, spy: Path) -> None:
    project.make("infra", f"VENV={spy}", "CLOUD=local")
    arguments, environment = seen(project)
    assert arguments == ["-m", "scripts.cloud", "exec", "--", str(spy), "-m", "scripts.infra", "apply"]
    assert environment["ENV_TEXT"] == "local"


def test_default_is_aws_with_the_environment_dev(project: Project, spy: Path) -> None:
    project.make("infra", f"VENV={spy}")
    arguments, environment = seen(project)
    assert arguments == ["-m", "scripts.infra", "apply"]
    assert environment["ENV_TEXT"] == "dev"


@pytest.mark.parametrize("cloud", ["azure", "$(shell touch ran)", "local aws", "a,b)"])
def test_unknown_cloud_is_refused(project: Project, spy: Path, cloud: str) -> None:
    output = project.make("infra", f"VENV={spy}", f"CLOUD={cloud}", code=2)
    assert "CLOUD is neither local nor aws" in output
    assert not (project.folder / "ran").exists()


@pytest.mark.parametrize("value", ["azure", "$(shell touch ran)", "aws all", "a,b)"])
def test_an_unknown_set_up_is_refused(project: Project, spy: Path, value: str) -> None:
    output = project.make("setup", f"VENV={spy}", f"FOR={value}", code=2)
    assert "FOR is not aws" in output
    assert not (project.folder / "ran").exists()


def test_the_local_environment_is_refused_on_aws(project: Project, spy: Path) -> None:
    output = project.make("infra", f"VENV={spy}", "ENV=local", code=2)
    assert "ENV=local is for the local cloud only" in output


def test_interruptions_reach_the_local_cloud_unchanged(project: Project, spy: Path) -> None:
    project.make("train", f"VENV={spy}", "CLOUD=local", "INTERRUPT=30s,$(shell touch ran)")
    arguments, environment = seen(project)
    assert arguments[:3] == ["-m", "scripts.cloud", "exec"]
    assert environment["INTERRUPT_TEXT"] == "30s,$(shell touch ran)"
    assert "INTERRUPT" not in environment
    assert not (project.folder / "ran").exists()


def test_interruptions_are_refused_on_aws(project: Project, spy: Path) -> None:
    output = project.make("train", f"VENV={spy}", "INTERRUPT=$(shell touch ran)", code=2)
    assert "INTERRUPT is for the local cloud only" in output
    assert "Set CLOUD=local to rehearse it" in output
    assert not (project.folder / "ran").exists()


def test_help_lists_every_target(project: Project) -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", MAKEFILE, flags=re.MULTILINE))
    listed = set(re.findall(r"^  make ([a-z-]+) +\S", project.make("help"), flags=re.MULTILINE))
    assert listed == targets
    assert len(listed) > 15


def test_readme_lists_every_target() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):.*##", MAKEFILE, flags=re.MULTILINE))
    in_readme = set(re.findall(r"^\| `make ([a-z-]+)", (ROOT / "README.md").read_text(), flags=re.MULTILINE))
    assert in_readme == targets


def rows() -> dict[str, tuple[str, str]]:
    """Each target's help text and the verb in its recipe."""
    recipe = r"\n\t@\$\((?:VERB|VENV)\)(?: -m)? (scripts\.[^\n]*)$"
    found = re.findall(r"^([a-z][a-z-]*):.*## (.+)" + recipe, MAKEFILE, re.MULTILINE)
    return {target: (text, verb) for target, text, verb in found}


def command_of(module: str) -> click.Command:
    """The command of a verb: its only one, or the one that holds the others."""
    found = [each for each in vars(importlib.import_module(module)).values() if isinstance(each, click.Command)]
    [command] = [each for each in found if isinstance(each, click.Group)] or found
    return command


@pytest.mark.parametrize("target", sorted(rows()))
def test_makefile_verb_and_readme_list_the_same_variables(target: str) -> None:
    text, verb = rows()[target]
    bracket = re.search(r"\[(.+)\]$", text)
    variables = set(re.findall(r"\b([A-Z_]+)=", bracket[1])) if bracket else set()
    module, *arguments = verb.split()
    shown = CliRunner().invoke(command_of(module), [*arguments, "--help"])
    assert shown.exit_code == 0
    assert set(re.findall(r"\b([A-Z_]+)_TEXT\b", shown.output)) - {"ENV"} == variables - {"ENV"}
    row = re.search(rf"^\| `make {target}\b.*$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert row
    assert set(re.findall(r"\b([A-Z_]+)=", row[0])) == variables - {"ENV"}
