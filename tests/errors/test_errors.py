"""Every error of the table: two lines, exit code 2, and nothing is created or deleted."""

import pytest

from tests.conftest import ROOT
from tests.errors.case import Case
from tests.errors.page import page
from tests.errors.scene import Scene, fits, two_lines
from tests.errors.table import CASES

ALONE = [case for case in CASES if not case.on]
ON_THE_STACK = [case for case in CASES if case.on]


def check(case: Case, scene: Scene) -> None:
    with case.given(scene):
        before = scene.holdings()
        made = scene.front.made if scene.front else []
        made.clear()
        ended = scene.type(case.typed)
        after = scene.holdings()
        output = f"{ended.stdout}{ended.stderr}"
        lines = two_lines(ended.stderr)
        assert lines is not None, output
        assert fits(lines[0], scene.fill(case.problem)), lines[0]
        assert fits(lines[1], scene.fill(case.fix)), lines[1]
        assert ended.returncode == 2, output
        assert "Error 2" in ended.stderr, output  # make's message about the verb's exit code
        assert "Traceback" not in output
        changed = {name for name in before.keys() | after.keys() if before.get(name, 0) != after.get(name, 0)}
        # Terraform creates and deletes its lock with every plan.
        allowed = [f"…{end}" for end in (*case.leaves, ".tflock")]
        assert [name for name in (*changed, *made) if not any(fits(name, end) for end in allowed)] == []


@pytest.mark.e2e  # each starts make and a verb: together 15 s
@pytest.mark.parametrize("case", ALONE, ids=lambda case: f"{case.group}: {case.title}")
def test_an_error_prints_two_lines(case: Case, plain: Scene) -> None:
    check(case, plain)


@pytest.mark.e2e
@pytest.mark.parametrize("case", ON_THE_STACK, ids=lambda case: f"{case.group}: {case.title}")
def test_an_error_with_a_stack_prints_two_lines(case: Case, stack: Scene) -> None:
    check(case, stack)


def test_docs_page_is_up_to_date() -> None:
    assert (ROOT / "docs" / "errors.md").read_text() == page(), "python -m tests.errors.page > docs/errors.md"


def test_case_names_are_unique() -> None:
    names = [(case.group, case.title) for case in CASES]
    assert len(set(names)) == len(names)
