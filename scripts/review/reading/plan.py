"""Reads the output of `terraform show -json` for a saved plan into a Plan.

It follows the published format, https://developer.hashicorp.com/terraform/internals/json-format. It refuses another
major version of the format and every entry that it does not understand, because nobody would review a change that is
silently skipped. Members that it does not know become a finding (`members.py`).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ...core.errors import UserError
from ..json_values import object_of, objects_of, text_of
from ..model import Action, Change, FailedCheck, OutputChange, Path, Plan
from . import programs, sensitive
from .files import entries, malformed, parse
from .literals import literals
from .members import unknown_members
from .references import references

ACTIONS: Mapping[tuple[str, ...], Action] = {
    ("no-op",): Action.NO_OP,
    ("create",): Action.CREATE,
    ("read",): Action.READ,
    ("update",): Action.UPDATE,
    ("delete", "create"): Action.REPLACE,
    ("create", "delete"): Action.REPLACE,
    ("create", "forget"): Action.REPLACE,
    ("forget", "create"): Action.REPLACE,
    ("delete",): Action.DESTROY,
    ("forget",): Action.FORGET,
}


def read(text: str, source: str, account: str = "") -> Plan:
    """Read a plan.

    Args:
        text: the JSON.
        source: the plan's name: a file or an environment.
        account: the number of the account that it is for; empty if nobody says.

    Returns:
        The plan with all its values, secrets included.

    Raises:
        UserError: the text is not a plan's JSON, has another major version of the format, or contains an entry that
            Terraform does not write.
    """
    raw = parse(text, source)
    prior = object_of(object_of(raw.get("prior_state")).get("values"))
    return Plan(
        source=source,
        format_version=text_of(raw.get("format_version")),
        terraform_version=text_of(raw.get("terraform_version")),
        changes=tuple(_changes(raw, "resource_changes", source)),
        drift=tuple(each for each in _changes(raw, "resource_drift", source) if _has_drifted(each)),
        deferred=tuple(_deferred(raw, source)),
        outputs=tuple(_outputs(raw, source)),
        programs=programs.programs(raw.get("configuration")),
        invocations=programs.invocations(raw, source),
        unknown_members=unknown_members(raw),
        errored=raw.get("errored") is True,
        complete=raw.get("complete") is not False,
        applyable=raw.get("applyable") is not False,
        failed_checks=tuple(_failed_checks(raw)),
        references=references(raw.get("configuration")) or None,
        literals=literals(raw.get("configuration")),
        secrets=sensitive.texts(raw),
        accounts=frozenset(filter(None, (account, *_accounts(prior.get("root_module"))))),
    )


def _changes(raw: Mapping[str, Any], member: str, source: str) -> Iterator[Change]:
    for index, entry in enumerate(entries(raw, member, source)):
        yield _change(entry, f"{source}: {member}[{index}]")


def _has_drifted(change: Change) -> bool:
    """Terraform 0.15.4 also listed what had not: https://github.com/hashicorp/terraform/commit/3326ab7dae."""
    return change.action is not Action.NO_OP or bool(change.previous_address)


def _deferred(raw: Mapping[str, Any], source: str) -> Iterator[tuple[str, Change]]:
    for index, entry in enumerate(entries(raw, "deferred_changes", source)):
        where = f"{source}: deferred_changes[{index}]"
        if not isinstance(entry, dict):
            raise malformed(where, "is not an object")
        yield text_of(entry.get("reason")), _change(entry.get("resource_change"), f"{where}.resource_change")


def _change(entry: Any, where: str) -> Change:
    if not isinstance(entry, dict) or not isinstance(entry.get("change"), dict):
        raise malformed(where, "contains no change")
    address, change = entry.get("address"), entry["change"]
    if not isinstance(address, str) or not address:
        raise malformed(where, "has no address")
    action, actions = _action(change.get("actions"), f"{where} ({address})")
    importing = change.get("importing")
    previous = text_of(entry.get("previous_address"))
    return Change(
        address=address,
        module=text_of(entry.get("module_address")),
        mode=text_of(entry.get("mode")) or ("data" if action is Action.READ else "managed"),
        type=text_of(entry.get("type")),
        name=text_of(entry.get("name")),
        provider=text_of(entry.get("provider_name")),
        action=action,
        before=_object(change, "before", where),
        after=_object(change, "after", where),
        create_first=actions[0] == "create" and action is Action.REPLACE,
        leaves_old=action is Action.REPLACE and "forget" in actions,
        unknown=change.get("after_unknown") or False,
        before_sensitive=change.get("before_sensitive") or False,
        after_sensitive=change.get("after_sensitive") or False,
        replace_paths=tuple(_paths(change.get("replace_paths"))),
        reason=text_of(entry.get("action_reason")),
        previous_address="" if previous == address else previous,
        import_id=_import_id(importing),
        deposed=text_of(entry.get("deposed")),
    )


def _outputs(raw: Mapping[str, Any], source: str) -> Iterator[OutputChange]:
    outputs = raw.get("output_changes")
    if outputs is None:
        return
    if not isinstance(outputs, dict):
        raise malformed(f"{source}: output_changes", "is not an object")
    for name, change in outputs.items():
        where = f"{source}: output_changes.{name}"
        if not isinstance(change, dict):
            raise malformed(where, "is not an object")
        yield OutputChange(
            name=name,
            action=_action(change.get("actions"), where)[0],
            before=change.get("before"),
            after=change.get("after"),
            unknown=change.get("after_unknown") or False,
            sensitive=sensitive.any_marked(change.get("before_sensitive"))
            or sensitive.any_marked(change.get("after_sensitive")),
        )


def _failed_checks(raw: Mapping[str, Any]) -> Iterator[FailedCheck]:
    """The checks that failed, with their instances if the plan names them."""
    for check in objects_of(raw.get("checks")):
        failed = [each for each in objects_of(check.get("instances")) if each.get("status") in ("fail", "error")]
        if not failed and check.get("status") in ("fail", "error"):
            failed = [check]
        for each in failed:
            named = text_of(object_of(each.get("address")).get("to_display")) or "a check without an address"
            messages = (text_of(problem.get("message")) for problem in objects_of(each.get("problems")))
            yield FailedCheck(named, tuple(filter(None, messages)))


def _accounts(module: Any) -> Iterator[str]:
    """The accounts in the `aws_caller_identity` data of a module of the prior state and its child modules."""
    if isinstance(module, dict):
        for resource in objects_of(module.get("resources")):
            if resource.get("type") == "aws_caller_identity":
                account = text_of(object_of(resource.get("values")).get("account_id"))
                yield from (account,) if account else ()
        for child in objects_of(module.get("child_modules")):
            yield from _accounts(child)


def _action(actions: Any, where: str) -> tuple[Action, tuple[str, ...]]:
    names = tuple(actions) if isinstance(actions, list) and all(isinstance(name, str) for name in actions) else ()
    if names not in ACTIONS:
        raise UserError(
            f"{where}: this review does not know the actions {actions!r}.",
            "It knows those of Terraform's plan formats 0.1 to 1.2 and of OpenTofu, and refuses other ones.",
        )
    return ACTIONS[names], names


def _paths(paths: Any) -> Iterator[Path]:
    for path in paths if isinstance(paths, list) else ():
        if isinstance(path, list):
            yield tuple(step for step in path if isinstance(step, str | int))


def _import_id(importing: Any) -> str:
    """The id of an import. It may also be a resource identity, or unknown before the apply."""
    if not isinstance(importing, dict):
        return ""
    if importing.get("id"):
        return text_of(importing["id"])
    identity = importing.get("identity")
    if isinstance(identity, dict) and identity:
        return ", ".join(f"{name} = {value}" for name, value in sorted(identity.items()))
    return "(known after apply)"


def _object(change: Mapping[str, Any], member: str, where: str) -> Mapping[str, Any] | None:
    value = change.get(member)
    if value is not None and not isinstance(value, dict):
        raise malformed(f"{where}.change.{member}", "is not an object")
    return value
