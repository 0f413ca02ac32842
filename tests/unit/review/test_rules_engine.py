"""The status of findings, unknown values, companion resources and reverted drift."""

import gc
from dataclasses import replace
from time import process_time
from typing import Any

import pytest

from scripts.review.model import Action, Change, FailedCheck, OutputChange, Plan, Severity, Status
from scripts.review.permissions.resources import POLICIES
from tests.unit.review.rule_plans import change, created, destroyed, findings_of, ids, plan, policy, untouched, updated
from tests.unit.review.rule_table_access import BLOCKS, EVERYBODY

PUBLIC, PRIVATE = {"acl": "public-read"}, {"acl": "private"}


def statuses(given: Plan, rule: str) -> list[Status]:
    return [finding.status for finding in findings_of(given) if finding.rule == rule]


def test_a_finding_that_the_plan_causes_is_new() -> None:
    assert statuses(plan(updated("aws_s3_bucket_acl", PRIVATE, PUBLIC)), "s3-public-acl") == [Status.NEW]


def test_a_finding_that_existed_before_is_already_there() -> None:
    given = plan(updated("aws_s3_bucket_acl", PUBLIC, {**PUBLIC, "expected_bucket_owner": "1"}))
    assert statuses(given, "s3-public-acl") == [Status.THERE]


def test_a_finding_that_the_plan_removes_is_fixed() -> None:
    [finding] = findings_of(plan(updated("aws_s3_bucket_acl", PUBLIC, PRIVATE)))
    assert (finding.status, finding.what) == (
        Status.FIXED,
        'No longer true: The ACL "public-read" allows everybody to read.',
    )


def test_each_of_several_problems_has_its_own_status() -> None:
    def rule(port: int) -> dict[str, Any]:
        return {"protocol": "tcp", "from_port": port, "to_port": port, "cidr_blocks": ["0.0.0.0/0"]}

    given = plan(updated("aws_security_group", {"ingress": [rule(22)]}, {"ingress": [rule(22), rule(3389)]}))
    assert statuses(given, "sg-open-admin-port") == [Status.THERE, Status.NEW]


def test_an_unchanged_resource_is_not_checked() -> None:
    assert findings_of(plan(untouched("aws_s3_bucket_acl", **PUBLIC))) == ()


def test_an_imported_resource_is_checked() -> None:
    given = plan(replace(untouched("aws_s3_bucket_acl", **PUBLIC), import_id="b,public-read"))
    assert statuses(given, "s3-public-acl") == [Status.THERE]


def test_removing_a_companion_gives_a_finding_on_the_unchanged_resource() -> None:
    given = plan(
        untouched("aws_s3_bucket", bucket="b", id="b"),
        destroyed("aws_s3_bucket_public_access_block", bucket="b", **BLOCKS),
    )
    assert statuses(given, "s3-public-access-not-blocked") == [Status.NEW]
    assert statuses(given, "s3-public-access-block-removed") == [Status.NEW]


def test_a_forgotten_companion_still_counts() -> None:
    given = plan(
        untouched("aws_s3_bucket", bucket="b", id="b"),
        change("aws_s3_bucket_public_access_block.x", Action.FORGET, {"bucket": "b", **BLOCKS}, None),
    )
    assert ids(given) == {"resource-forgotten"}


def test_a_companion_may_move_to_another_address() -> None:
    before = {"bucket": "b", "versioning_configuration": [{"status": "Enabled"}]}
    given = plan(destroyed("aws_s3_bucket_versioning.old", **before), created("aws_s3_bucket_versioning.new", **before))
    assert ids(given) == set()


def test_companions_are_matched_by_reference_if_names_are_unknown() -> None:
    unknown = {"bucket": True, "id": True}
    buckets = [created(f'aws_s3_bucket.b["{key}"]', unknown, bucket_prefix="p") for key in "ab"]
    block = created('aws_s3_bucket_public_access_block.b["a"]', unknown, **BLOCKS)
    references = {("aws_s3_bucket_public_access_block.b", "bucket"): ("aws_s3_bucket.b",)}
    given = plan(*buckets, block, references=references)
    [finding] = findings_of(given)
    assert (finding.rule, finding.address) == ("s3-public-access-not-blocked", 'aws_s3_bucket.b["b"]')


def test_a_companion_of_an_unknown_resource_makes_the_finding_unknown() -> None:
    unknown = {"bucket": True, "id": True}
    given = plan(created("aws_s3_bucket", unknown), created("aws_s3_bucket_public_access_block", unknown, **BLOCKS))
    [finding] = findings_of(given)
    assert finding.rule == "unknown-until-apply"
    assert "bucket of aws_s3_bucket_public_access_block.x" in finding.what
    assert finding.severity == Severity.LOW  # no more severe than the rule that needed it


def document(**known: Any) -> Change:
    statement = {"actions": ["s3:*"], "resources": ["*", None], "effect": None, "principals": [], "condition": []}
    values = {"statement": [{**statement, **known}]}
    return change("data.aws_iam_policy_document.d", Action.READ, None, values)


def role_policy(**members: Any) -> Plan:
    references = {("aws_iam_role_policy.x", "policy"): ("data.aws_iam_policy_document.d.json",)}
    return plan(document(**members), created("aws_iam_role_policy", {"policy": True}), references=references)


def test_the_document_of_an_unknown_policy_gives_its_known_part() -> None:
    by_rule = {finding.rule: finding for finding in findings_of(role_policy())}
    assert set(by_rule) == {"iam-service-wildcard", "unknown-until-apply"}
    unknown = by_rule["unknown-until-apply"]
    assert unknown.status is Status.NEW
    assert unknown.severity is Severity.MEDIUM
    assert "`policy` is known only after the apply" in unknown.what
    assert "iam-admin-policy" in unknown.what
    assert "data.aws_iam_policy_document.d contains: Allow s3:* on (known after apply), *" in unknown.what


def test_conditions_and_principals_of_the_document_are_used() -> None:
    narrow = {"test": "StringEquals", "variable": "aws:PrincipalOrgID", "values": ["o-a1b2c3d4e5"]}
    everybody = {"principals": [{"type": "*", "identifiers": ["*"]}]}
    for condition, expected in (([], True), ([narrow], False)):
        given = plan(
            document(**everybody, condition=condition),
            created("aws_sqs_queue_policy", {"policy": True}),
            references={("aws_sqs_queue_policy.x", "policy"): ("data.aws_iam_policy_document.d",)},
        )
        assert ("sqs-public-policy" in ids(given)) is expected


def test_an_unknown_policy_without_a_document_names_its_references() -> None:
    references = {("aws_iam_role_policy.x", "policy"): ("aws_kms_key.k.arn", "aws_kms_key.k")}
    [finding] = findings_of(plan(created("aws_iam_role_policy", {"policy": True}), references=references))
    assert finding.rule == "unknown-until-apply"
    assert "it refers to aws_kms_key.k.arn" in finding.what


def test_an_attribute_that_the_provider_fills_in_is_not_reported_as_unknown() -> None:
    references = {("aws_kms_key.x", "enable_key_rotation"): ()}
    given = plan(created("aws_kms_key", {"policy": True}, enable_key_rotation=True), references=references)
    assert findings_of(given) == ()


def test_an_unknown_key_arn_counts_as_a_key() -> None:
    given = plan(created("aws_sns_topic", {"kms_master_key_id": True, "arn": True, "policy": True}))
    assert "sns-not-encrypted" not in ids(given)


def test_an_unknown_value_is_not_reported_as_fixed() -> None:
    before = {"policy": policy({"Action": "*"})}
    given = plan(updated("aws_iam_role_policy", before, {}, unknown={"policy": True}))
    assert ids(given) == {"unknown-until-apply"}


def test_an_invalid_policy_is_reported() -> None:
    [finding] = findings_of(plan(created("aws_iam_policy", policy="{")))
    assert (finding.rule, "AWS would refuse it" in finding.what) == ("unknown-until-apply", True)


def test_a_destroyed_resource_is_not_reported_as_fixed() -> None:
    assert ids(plan(destroyed("aws_iam_user", name="ada"))) == set()
    assert ids(plan(destroyed("aws_iam_role", id="r", assume_role_policy=policy(EVERYBODY)))) == set()
    opened = destroyed("aws_s3_bucket_public_access_block", bucket="b", block_public_acls=False)
    assert statuses(plan(opened), "s3-public-access-open") == []


def test_removing_a_policy_is_a_fix_if_its_resource_stays() -> None:
    acl = destroyed("aws_s3_bucket_acl", bucket="b", id="b,public-read", **PUBLIC)
    bucket = destroyed("aws_s3_bucket", bucket="b", id="b", force_destroy=True)
    assert statuses(plan(acl), "s3-public-acl") == [Status.FIXED]
    assert ids(plan(acl, bucket)) == {"data-destroyed"}


def test_a_destroyed_bucket_has_one_finding() -> None:
    for switch, expected, says in (
        (True, "data-destroyed", "its objects are lost"),
        (False, "destroyed-if-empty", "the apply fails unless it is empty"),
        (None, "destroyed-if-empty", "the apply fails unless it is empty"),
    ):
        [finding] = findings_of(plan(destroyed("aws_s3_bucket", bucket="b", id="b", force_destroy=switch)))
        assert (finding.rule, finding.status) == (expected, Status.NEW)
        assert finding.what == f"The bucket is destroyed: {says}."
        assert ("lost" in finding.what + finding.why.replace("nothing is lost", "")) is bool(switch)


def test_a_finding_says_that_the_change_reverts_drift() -> None:
    drift = change("aws_s3_bucket_acl.x", Action.UPDATE, PRIVATE, PUBLIC)
    fix = updated("aws_s3_bucket_acl", PUBLIC, PRIVATE)
    [reverting] = findings_of(plan(fix, drift=(drift,)))
    [made] = findings_of(plan(fix))
    assert reverting.what.endswith("This reverts a change made outside of Terraform.")
    assert not made.what.endswith("outside of Terraform.")


def test_a_replacement_says_what_forces_it_and_what_is_lost() -> None:
    paths = (("bucket",),)
    before, after = {"bucket": "old", "force_destroy": True}, {"bucket": "new", "force_destroy": True}
    given = plan(change("aws_s3_bucket.x", Action.REPLACE, before, after, replace_paths=paths))
    [finding] = [each for each in findings_of(given) if each.rule == "data-replaced"]
    assert finding.what == "The bucket is replaced: its objects are lost. Forced by `bucket` (`old` → `new`)."


def test_a_destruction_says_why_terraform_does_it() -> None:
    given = plan(replace(destroyed("aws_dynamodb_table", name="t"), reason="delete_because_each_key"))
    [finding] = findings_of(given)
    assert finding.what == "The table is destroyed: its items are lost. Why: for_each no longer has its key."


def test_secrets_are_masked_in_texts_and_addresses() -> None:
    secret = "s3cr3t-canary"
    given = plan(
        created(f'aws_lambda_permission.x["{secret}"]', principal="*", action=secret), secrets=frozenset({secret})
    )
    texts = [text for finding in findings_of(given) for text in (finding.what, finding.address)]
    assert texts
    assert not any(secret in text for text in texts)


def test_a_failed_check_shows_its_messages_without_secrets() -> None:
    failed = FailedCheck("check.health", ("The page at\n  x answers s3cr3t-canary.", "Another thing"))
    [finding] = findings_of(plan(failed_checks=(failed,), secrets=frozenset({"s3cr3t-canary"})))
    assert finding.what == "This check failed: The page at x answers (sensitive) Another thing."


def test_an_encrypted_private_bucket_gives_no_finding() -> None:
    rule = [{"apply_server_side_encryption_by_default": [{"sse_algorithm": "AES256"}]}]
    given = plan(
        created("aws_s3_bucket", {"acl": True, "policy": True, "arn": True}, bucket="b", force_destroy=False),
        created("aws_s3_bucket_public_access_block", bucket="b", **BLOCKS),
        created("aws_s3_bucket_server_side_encryption_configuration", bucket="b", rule=rule),
    )
    assert findings_of(given) == ()


def test_a_policy_that_the_bucket_copies_is_reported_once() -> None:
    text = policy(EVERYBODY)
    before = {"bucket": "b", "policy": ""}
    given = plan(
        updated("aws_s3_bucket", {**before, "tags": {}}, {**before, "policy": text}),
        untouched("aws_s3_bucket_public_access_block", bucket="b", **BLOCKS),
        created("aws_s3_bucket_policy", bucket="b", policy=text),
    )
    assert [finding.address for finding in findings_of(given)] == ["aws_s3_bucket_policy.x"]


def test_outputs_of_a_destroyed_stack_are_no_finding() -> None:
    given = plan(destroyed("aws_iam_user", name="a"), outputs=(OutputChange("user", Action.DESTROY, "a", None),))
    assert "output-renamed" not in ids(given)


@pytest.mark.e2e
def test_time_grows_linearly_with_the_plan() -> None:
    def seconds(count: int) -> float:
        changes = [
            each
            for number in range(count)
            for each in (
                created(f"aws_s3_bucket.b[{number}]", {"bucket": True}),
                created(f"aws_s3_bucket_public_access_block.b[{number}]", {"bucket": True}, **BLOCKS),
            )
        ]
        references = {("aws_s3_bucket_public_access_block.b", "bucket"): ("aws_s3_bucket.b",)}
        given = plan(*changes, references=references)
        gc.disable()  # as the verb does; else garbage of other tests would count
        start = process_time()
        try:
            assert findings_of(given) == ()
        finally:
            gc.enable()
        return process_time() - start

    assert seconds(4000) < 16 * seconds(500) + 0.5  # eight times as many changes; quadratic time would be 64 times


@pytest.mark.parametrize(
    "kind",
    ["aws_opensearch_domain_policy", "aws_glue_resource_policy", "aws_s3_access_point", "aws_backup_vault_policy"],
)
def test_a_policy_for_everybody_is_critical_whatever_its_type(kind: str) -> None:
    attribute = "access_policies" if "opensearch" in kind else "policy"
    found = findings_of(plan(created(kind, **{attribute: policy({"Principal": "*"})})))
    assert [each.severity for each in found if "public" in each.rule] == [Severity.CRITICAL]


def test_a_marked_permission_that_another_rule_reports_is_reported_once() -> None:
    role = created("aws_iam_role", name="r")
    inline = created("aws_iam_role_policy", role="r", policy=policy({"Action": "iam:PutRolePolicy"}))
    assert ids(plan(role, inline)) & {"iam-escalation", "escalation-grant"} == {"iam-escalation"}


def test_many_marked_permissions_of_a_principal_are_one_finding() -> None:
    denied = [{"Effect": "Deny", "Action": f"s3:Get{name}", "Resource": "*"} for name in ("A*", "B*", "L*", "O*")]
    before, after = ({"role": "r", "policy": policy(*statements)} for statements in (denied, []))
    findings = findings_of(plan(updated("aws_iam_role_policy", before, after)))
    (found,) = [each for each in findings if each.rule == "deny-removed"]
    assert found.what.startswith("role/r is no longer denied s3:")
    assert found.what.endswith("; and 1 more.")


@pytest.mark.parametrize("kind", sorted(set(POLICIES) - {"aws_vpc_endpoint", "aws_vpc_endpoint_policy"}))
def test_a_policy_for_everybody_is_a_finding_on_every_type_with_a_policy(kind: str) -> None:
    given = plan(created(kind, **{POLICIES[kind]: policy({"Principal": "*"})}))
    assert any(each.severity >= Severity.HIGH for each in findings_of(given)), findings_of(given)
