"""The tables of variables and outputs are those of terraform/: `python -m tests.stack_tables` makes them again."""

from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.stack_tables import PAGES, TABLE, with_tables


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_tables_of_a_page_are_up_to_date(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert with_tables(text) == text


def test_each_folder_of_terraform_has_its_tables() -> None:
    found = {pair for page in PAGES for pair in TABLE.findall(page.read_text(encoding="utf-8"))}
    modules = [folder.relative_to(ROOT).as_posix() for folder in (ROOT / "terraform/modules").iterdir()]
    assert found == {("variables", "terraform")} | {
        (kind, name) for name in modules for kind in ("variables", "outputs")
    }
