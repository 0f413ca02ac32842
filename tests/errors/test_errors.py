"""Every mistake of the table: two lines, exit code 2, and nothing has come into being or gone."""

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
        said = f"{ended.stdout}{ended.stderr}"
        lines = two_lines(ended.stderr)
        assert lines is not None, said
        assert fits(lines[0], scene.fill(case.problem)), lines[0]
        assert fits(lines[1], scene.fill(case.fix)), lines[1]
        assert ended.returncode == 2, said
        assert "Error 2" in ended.stderr, said  # make's own word for the verb's exit code
        assert "Traceback" not in said
        changed = {name for name in before.keys() | after.keys() if before.get(name, 0) != after.get(name, 0)}
        # Terraform's own lock comes and goes with every plan.
        assert [name for name in (*changed, *made) if not name.endswith((*case.leaves, ".tflock"))] == []


@pytest.mark.parametrize("case", ALONE, ids=lambda case: f"{case.group}: {case.mistake}")
def test_a_mistake_gets_two_lines(case: Case, plain: Scene) -> None:
    check(case, plain)


@pytest.mark.e2e
@pytest.mark.parametrize("case", ON_THE_STACK, ids=lambda case: f"{case.group}: {case.mistake}")
def test_a_mistake_on_a_stack_gets_two_lines(case: Case, stack: Scene) -> None:
    check(case, stack)


def test_the_page_is_made_of_the_table() -> None:
    assert (ROOT / "docs" / "errors.md").read_text() == page(), "python -m tests.errors.page > docs/errors.md"


def test_no_two_cases_have_one_name() -> None:
    names = [(case.group, case.mistake) for case in CASES]
    assert len(set(names)) == len(names)
