"""Resources that take away what they do not name: what that is, and where the plan does not say."""

from typing import Any

import pytest

from scripts.review.model import Action
from tests.unit.review.rule_plans import change, created, found, ids, plan, untouched, updated

INLINE, ATTACHED = "aws_iam_role_policies_exclusive", "aws_iam_role_policy_attachments_exclusive"
OURS, THEIRS = "arn:aws:iam::111122223333:policy/ours", "arn:aws:iam::111122223333:policy/theirs"
ROLE = untouched(
    "aws_iam_role",
    name="r",
    managed_policy_arns=[OURS, THEIRS],
    inline_policy=[{"name": "ours", "policy": ""}, {"name": "theirs", "policy": ""}],
)


def said(*changes: Any, **members: Any) -> list[str]:
    return [each.what for each in found(plan(*changes, **members)) if each.rule == "iam-exclusive-policies"]


@pytest.mark.parametrize(
    ("one", "sentence"),
    [
        (
            created(INLINE, role_name="r", policy_names=["ours"]),
            "Takes these inline policies from the role r: theirs.",
        ),
        (
            created(ATTACHED, role_name="r", policy_arns=[OURS]),
            f"Takes these attached policies from the role r: {THEIRS}.",
        ),
        (
            created(INLINE, role_name="else", policy_names=["ours", "mine"]),
            "Takes all inline policies but ours, mine from the role else; which there are, the plan does not say.",
        ),
        (
            created("aws_iam_user_policies_exclusive", user_name="u", policy_names=[]),
            "Takes all inline policies from the user u; which there are, the plan does not say.",
        ),
        (
            updated(
                "aws_iam_group_policy_attachments_exclusive",
                {"group_name": "g", "policy_arns": [THEIRS, OURS]},
                {"group_name": "g", "policy_arns": [OURS]},
            ),
            f"Takes these attached policies from the group g: {THEIRS}.",
        ),
    ],
)
def test_what_goes(one: Any, sentence: str) -> None:
    assert said(ROLE, one) == [sentence]


def test_nothing_goes_from_what_is_new_or_named_whole() -> None:
    assert said(created("aws_iam_role", name="r"), created(INLINE, role_name="r", policy_names=[])) == []
    assert said(ROLE, created(INLINE, role_name="r", policy_names=["theirs", "ours"])) == []
    by_reference = {(f"{INLINE}.x", "role_name"): ("aws_iam_role.x.name",)}
    new = created(INLINE, {"role_name": True}, policy_names=[])
    assert said(created("aws_iam_role", {"name": True}), new, references=by_reference) == []


def test_a_list_that_is_not_known_cannot_be_reviewed() -> None:
    unknown = change(
        f"{ATTACHED}.x", Action.CREATE, None, {"role_name": "r", "policy_arns": [None]},
        unknown={"policy_arns": [True]},
    )  # fmt: skip
    assert ids(plan(ROLE, unknown)) == {"unknown-until-apply"}
