"""The policies for people allow what the verbs were recorded to call, by the table that decides in the local cloud."""

import re
from fnmatch import fnmatchcase

import pytest

from scripts.core.permissions import Place, required_permissions
from tests.conftest import ROOT
from tests.faults import record

OF_TERRAFORM = ("plan", "infra", "destroy")


def granted(*files: str) -> set[str]:
    """The actions in files of the module `people`."""
    folder = ROOT / "terraform" / "modules" / "people"
    return {action for file in files for action in re.findall(r'"([a-z0-9-]+:\w+\*?)"', (folder / file).read_text())}


@pytest.mark.parametrize("verb", sorted(record.load()))
def test_every_action_of_a_verb_is_in_the_policy_of_who_types_it(verb: str) -> None:
    policy = granted("train.tf", "build.tf") if verb in OF_TERRAFORM else granted("train.tf")
    needed = set()
    for called in record.load()[verb]:
        service, operation = called.split(":")
        needed |= {one.action for one in required_permissions(service, operation, {}, Place())}
    assert needed
    assert not [action for action in sorted(needed) if not any(fnmatchcase(action, one) for one in policy)]
