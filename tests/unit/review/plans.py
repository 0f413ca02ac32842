"""Builds plan JSON as Terraform writes it: single plans by hand, and random plans for hypothesis."""

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import strategies as st

from scripts.review.model import Plan
from scripts.review.reading import read

AWS = "registry.terraform.io/hashicorp/aws"
ACTIONS = (
    ["no-op"],
    ["create"],
    ["read"],
    ["update"],
    ["delete"],
    ["delete", "create"],
    ["create", "delete"],
    ["forget"],
    ["create", "forget"],
)


KEY = r'(?:\["(?:[^"\\]|\\.)*"\]|\[\d+\])?'


def resource(
    address: str = "aws_s3_bucket.b",
    actions: tuple[str, ...] = ("update",),
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    *,
    entry: Mapping[str, Any] | None = None,
    **change: Any,
) -> dict[str, Any]:
    """An entry of `resource_changes`; further members of the change by name, those of the entry in `entry`."""
    found = re.fullmatch(rf"((?:module\.\w+{KEY}\.)*)(data\.)?(\w+)\.([\w-]+){KEY}", address)
    assert found
    path, data, kind, name = found[1].rstrip("."), found[2], found[3], found[4]
    return {
        "address": address,
        **({"module_address": path} if path else {}),
        "mode": "data" if data else "managed",
        "type": kind,
        "name": name,
        "provider_name": AWS,
        "change": {
            "actions": list(actions),
            "before": before,
            "after": after,
            "after_unknown": {},
            "before_sensitive": False if before is None else {},
            "after_sensitive": False if after is None else {},
            **change,
        },
        **(entry or {}),
    }


def document(*changes: Mapping[str, Any], drift: tuple[Mapping[str, Any], ...] = (), **members: Any) -> dict[str, Any]:
    """A plan's JSON; further members by name."""
    return {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {"root_module": {}},
        **({"resource_drift": list(drift)} if drift else {}),
        "resource_changes": list(changes),
        "configuration": {"root_module": {}},
        "timestamp": "2026-11-23T15:00:00Z",
        "applyable": True,
        "complete": True,
        "errored": False,
        **members,
    }


def plan(*changes: Mapping[str, Any], **members: Any) -> Plan:
    """The same as a Plan."""
    return read(json.dumps(document(*changes, **members)), "plan.json")


def every_text(value: Any) -> Iterator[str]:
    """Every text in a value, through dataclasses, mappings and sequences."""
    if isinstance(value, str):
        yield value
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from every_text(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from every_text(name)
            yield from every_text(each)
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from every_text(each)


POLICY: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "Read", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::b/*"}],
}
NAMES = st.sampled_from(
    ["id", "arn", "name", "tags", "tags_all", "policy", "inline_policy", "assume_role_policy", "password", "ingress"]
) | st.text(max_size=12)
TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["", "arn:aws:iam::123456789012:role/r", json.dumps(POLICY), "[1, {", "{}", "\ud800", "a" * 3000]),
    st.builds(
        json.dumps, st.dictionaries(NAMES, st.text(max_size=5) | st.lists(st.integers(), max_size=3), max_size=3)
    ),
)
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=6)


@st.composite
def marks(draw: st.DrawFn, value: Any) -> Any:
    """A structure of marks for a value: a single boolean, or a structure that follows all or part of the value."""
    kind = draw(st.integers(0, 5))
    if kind == 0:
        return draw(st.booleans())
    if isinstance(value, dict):
        return {name: draw(marks(each)) for name, each in value.items() if draw(st.booleans())}
    if isinstance(value, list):
        return [draw(marks(each)) for each in value]
    return kind == 1


@st.composite
def changes(draw: st.DrawFn) -> dict[str, Any]:
    """A change whose before and after fit its actions, with marks and unknowns of every documented shape."""
    actions = draw(st.sampled_from(ACTIONS))
    before = None if actions[0] in ("create", "read") and len(actions) == 1 else draw(OBJECTS)
    gone = actions[-1] in ("delete", "forget") and len(actions) == 1
    after = None if gone else draw(st.one_of(OBJECTS, st.just({**(before or {}), **draw(OBJECTS)})))
    change: dict[str, Any] = {"actions": actions, "before": before, "after": after}
    for name, value in (("before_sensitive", before), ("after_sensitive", after), ("after_unknown", after)):
        if draw(st.integers(0, 4)):
            change[name] = draw(marks(value))
    if isinstance(change.get("after_unknown"), dict):
        change["after_unknown"] |= draw(st.dictionaries(NAMES, st.just(True), max_size=2))
    if draw(st.booleans()):
        change["replace_paths"] = draw(st.lists(st.lists(NAMES | st.integers(0, 3), max_size=3), max_size=2))
    if not draw(st.integers(0, 4)):
        change["importing"] = draw(
            st.sampled_from([{"id": "some-id"}, {}, {"identity": {"arn": "a"}}, {"unknown": True}])
        )
    return change


@st.composite
def addresses(draw: st.DrawFn) -> tuple[str, str, str, str]:
    """An address, with its module, type and name."""
    kind = draw(
        st.sampled_from(
            ["aws_s3_bucket", "aws_s3_bucket_policy", "aws_iam_role", "aws_iam_role_policy", "aws_iam_policy",
             "aws_kms_key", "aws_security_group", "aws_lambda_function", "aws_ecr_repository", "aws_db_instance",
             "aws_iam_role_policy_attachment", "aws_sns_topic", "null_resource"]
        )
    )  # fmt: skip
    key = draw(st.one_of(st.just(""), st.just("[0]"), st.text(max_size=8).map(lambda text: f"[{json.dumps(text)}]")))
    module = draw(st.sampled_from(["", "module.a", 'module.a["x"].module.b[0]']))
    name = draw(st.sampled_from(["this", "r", "data_set"]))
    return f"{module}.{kind}.{name}{key}".lstrip("."), module, kind, name


@st.composite
def entries(draw: st.DrawFn) -> dict[str, Any]:
    """An entry of `resource_changes` with some optional members."""
    address, module, kind, name = draw(addresses())
    entry: dict[str, Any] = {"address": address, "type": kind, "name": name, "change": draw(changes())}
    for member, value in (
        ("module_address", module),
        ("mode", draw(st.sampled_from(["managed", "data"]))),
        ("provider_name", AWS),
        ("action_reason", draw(st.sampled_from(["replace_because_tainted", "delete_because_each_key", "new_one"]))),
        ("previous_address", "aws_s3_bucket.old"),
        ("deposed", "abcd1234"),
        ("some_new_member", {"a": [1]}),
    ):
        if draw(st.booleans()):
            entry[member] = value
    return entry


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A plan's JSON in the published format, from 1.0 to possible additions of newer formats."""
    output = st.fixed_dictionaries(
        {
            "actions": st.sampled_from([["create"], ["update"], ["delete"], ["no-op"]]),
            "before": VALUES,
            "after": VALUES,
        },
        optional={
            "after_unknown": st.booleans(),
            "before_sensitive": st.booleans(),
            "after_sensitive": st.booleans(),
        },
    )
    optional: dict[str, st.SearchStrategy[Any]] = {
        "terraform_version": st.just("1.11.4"),
        "resource_changes": st.lists(entries(), max_size=4) | st.none(),
        "resource_drift": st.lists(entries(), max_size=2),
        "deferred_changes": st.lists(
            st.fixed_dictionaries(
                {"reason": st.sampled_from(["instance_count_unknown", "else"]), "resource_change": entries()}
            ),
            max_size=1,
        ),
        "output_changes": st.dictionaries(NAMES, output, max_size=2) | st.none(),
        "variables": st.dictionaries(NAMES, st.fixed_dictionaries({}, optional={"value": VALUES}), max_size=2),
        "planned_values": st.just({"outputs": {"o": {"sensitive": True, "value": [1, "a text"]}}}),
        "prior_state": st.just({"format_version": "1.0"}),
        "configuration": st.sampled_from([{}, {"root_module": {}}, {"root_module": {"resources": None}}, None]),
        "checks": st.just([{"address": {"to_display": "check.c"}, "status": "fail", "instances": None}, {}]),
        "errored": st.booleans(),
        "complete": st.booleans(),
        "applyable": st.booleans(),
        "action_invocations": st.just([{"address": "action.a.b", "config_values": {"password": "x"}, "new": 1}]),
        "a_new_member": VALUES,
    }
    drawn: dict[str, Any] = draw(st.fixed_dictionaries({"timestamp": st.just("")}, optional=optional))
    return {"format_version": draw(st.sampled_from(["1.0", "1.1", "1.2", "1.99"])), **drawn}
