"""Resources that remove unlisted policies: which ones, and plans that do not tell."""

from typing import Any

import pytest

from scripts.review.model import Action
from tests.unit.review.rule_plans import change, created, findings_of, ids, plan, untouched, updated

INLINE, ATTACHED = "aws_iam_role_policies_exclusive", "aws_iam_role_policy_attachments_exclusive"
OURS, THEIRS = "arn:aws:iam::111122223333:policy/ours", "arn:aws:iam::111122223333:policy/theirs"
ROLE = untouched(
    "aws_iam_role",
    name="r",
    managed_policy_arns=[OURS, THEIRS],
    inline_policy=[{"name": "ours", "policy": ""}, {"name": "theirs", "policy": ""}],
)


def sentences(*changes: Any, **members: Any) -> list[str]:
    return [each.what for each in findings_of(plan(*changes, **members)) if each.rule == "iam-exclusive-policies"]


@pytest.mark.parametrize(
    ("one", "sentence"),
    [
        (
            created(INLINE, role_name="r", policy_names=["ours"]),
            "Removes these inline policies from the role r: theirs.",
        ),
        (
            created(ATTACHED, role_name="r", policy_arns=[OURS]),
            f"Removes these attached policies from the role r: {THEIRS}.",
        ),
        (
            created(INLINE, role_name="else", policy_names=["ours", "mine"]),
            "Removes all inline policies except ours, mine from the role else."
            " The plan does not tell which ones exist.",
        ),
        (
            created("aws_iam_user_policies_exclusive", user_name="u", policy_names=[]),
            "Removes all inline policies from the user u. The plan does not tell which ones exist.",
        ),
        (
            updated(
                "aws_iam_group_policy_attachments_exclusive",
                {"group_name": "g", "policy_arns": [THEIRS, OURS]},
                {"group_name": "g", "policy_arns": [OURS]},
            ),
            f"Removes these attached policies from the group g: {THEIRS}.",
        ),
    ],
)
def test_policies_that_are_removed(one: Any, sentence: str) -> None:
    assert sentences(ROLE, one) == [sentence]


def test_nothing_is_removed_from_new_or_fully_listed_holders() -> None:
    assert sentences(created("aws_iam_role", name="r"), created(INLINE, role_name="r", policy_names=[])) == []
    assert sentences(ROLE, created(INLINE, role_name="r", policy_names=["theirs", "ours"])) == []
    by_reference = {(f"{INLINE}.x", "role_name"): ("aws_iam_role.x.name",)}
    new = created(INLINE, {"role_name": True}, policy_names=[])
    assert sentences(created("aws_iam_role", {"name": True}), new, references=by_reference) == []


def test_an_unknown_list_is_reported_as_unknown() -> None:
    unknown = change(
        f"{ATTACHED}.x", Action.CREATE, None, {"role_name": "r", "policy_arns": [None]},
        unknown={"policy_arns": [True]},
    )  # fmt: skip
    assert ids(plan(ROLE, unknown)) == {"unknown-until-apply"}
