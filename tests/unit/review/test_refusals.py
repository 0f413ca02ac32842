"""AWS refuses to destroy a protected resource, and the review says so instead of "its data is lost"."""

from typing import Any

import pytest

from scripts.review.data_loss import DATA_RESOURCES, data_loss, gravity, loses_data
from scripts.review.model import Action
from scripts.review.refusals import PROTECTIONS, refused_by
from scripts.review.review import review
from scripts.review.settings import NONE
from tests.unit.review.rule_plans import change, destroyed, findings_of, plan, replaced, updated


def protected(kind: str) -> dict[str, Any]:
    """The values with which AWS refuses to destroy a resource of this type."""
    protection = PROTECTIONS[kind]
    versions = {protection.known_to: False} if protection.known_to else {}
    return {protection.attribute: protection.on[0], "skip_final_snapshot": True, **versions}


@pytest.mark.parametrize("kind", PROTECTIONS)
def test_a_protected_resource_is_refused_and_an_unprotected_one_is_not(kind: str) -> None:
    attribute = PROTECTIONS[kind].attribute
    assert refused_by(destroyed(kind, **protected(kind))) == attribute
    for off in (False, None, "INACTIVE", "DISABLED", "none"):
        assert refused_by(destroyed(kind, **{**protected(kind), attribute: off})) == ""


def test_a_refused_resource_loses_nothing() -> None:
    for kind in PROTECTIONS.keys() & DATA_RESOURCES.keys():
        kept = destroyed(kind, **protected(kind))
        assert not data_loss(kept)
        assert {each.rule for each in findings_of(plan(kept))} == {"destruction-refused"}


@pytest.mark.parametrize("kind", PROTECTIONS)
def test_switching_any_of_these_protections_off_is_a_finding(kind: str) -> None:
    attribute = PROTECTIONS[kind].attribute
    on, off = {attribute: PROTECTIONS[kind].on[0]}, {attribute: "INACTIVE"}
    [found] = [each for each in findings_of(plan(updated(kind, on, off))) if each.rule == "deletion-protection-off"]
    assert found.what.endswith(f": `{attribute}` is switched off.")
    assert "deletion-protection-off" not in {each.rule for each in findings_of(plan(updated(kind, off, on)))}


def test_a_setting_that_is_switched_off_names_its_service() -> None:
    for kind, named in (("aws_db_instance", "RDS"), ("aws_lb", "Elastic Load Balancing"), ("aws_instance", "EC2")):
        on, off = ({"deletion_protection": value} for value in (True, False))
        [found] = [each for each in findings_of(plan(updated(kind, on, off))) if each.rule == "deletion-protection-off"]
        assert found.what == f"{named}: `deletion_protection` is switched off."


def test_only_the_value_before_the_change_counts() -> None:
    switched = replaced(
        "aws_db_instance", {"deletion_protection": True}, {"deletion_protection": False, "engine": "mysql"}
    )
    assert refused_by(switched) == "deletion_protection"
    assert refused_by(updated("aws_db_instance", {"deletion_protection": True}, {"deletion_protection": True})) == ""


def test_a_forgotten_or_left_resource_is_not_destroyed() -> None:
    values = {"deletion_protection": True}
    assert refused_by(change("aws_db_instance.x", Action.FORGET, values, None)) == ""
    assert refused_by(replaced("aws_db_instance", values, values, leaves_old=True)) == ""


@pytest.mark.parametrize(
    ("values", "refused"),
    [
        ({"disable_api_termination": True, "force_destroy": False}, True),
        ({"disable_api_termination": True, "force_destroy": None}, True),
        ({"disable_api_termination": True, "force_destroy": True}, False),
        ({"disable_api_termination": True}, False),  # the provider's version 5 switches the protection off itself
    ],
)
def test_an_instance_is_refused_only_if_the_provider_keeps_to_its_protection(
    values: dict[str, Any], refused: bool
) -> None:
    assert bool(refused_by(destroyed("aws_instance", **values))) is refused


def test_a_database_cluster_that_may_be_forced_is_not_refused() -> None:
    on = {"deletion_protection_enabled": True}
    assert refused_by(destroyed("aws_dsql_cluster", **on, force_destroy=True)) == ""
    assert refused_by(destroyed("aws_dsql_cluster", **on, force_destroy=False)) == "deletion_protection_enabled"


def test_losses_are_ordered_by_what_is_left_and_by_what_they_hold() -> None:
    losses = [
        destroyed("aws_db_instance", skip_final_snapshot=True),
        destroyed("aws_kms_key"),
        destroyed("aws_s3_bucket", force_destroy=True),
        destroyed("aws_cloudwatch_log_group"),
        destroyed("aws_rds_cluster", skip_final_snapshot=False),
        destroyed("aws_s3_bucket", force_destroy=False),
    ]
    assert all(map(loses_data, losses))
    mixed = [*losses[3:], *losses[:3]]
    assert sorted(mixed, key=gravity) == losses


def test_the_review_of_a_refused_destruction_says_so() -> None:
    found = review(plan(destroyed("aws_lb", enable_deletion_protection=True)), NONE)
    assert [each.what for each in found.findings] == [
        "AWS refuses to destroy the load balancer: `enable_deletion_protection` is on."
    ]
