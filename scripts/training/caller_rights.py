"""Simulates what a verb will call, with your own rights, before it creates anything.

A right that is certain to be missing ends the verb. All else is reported as "not checked": that rights depend on
more than your policies, or that you may not simulate them. Then the first refused call ends the verb.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from scripts.core import aws
from scripts.core.errors import UserError
from scripts.policies.evaluator import Principal
from scripts.training import simulation
from scripts.training.preflight import unless_denied
from scripts.training.simulation import Results, Verdict
from scripts.training.verb_calls import Need

WHAT = "what you may do"


@dataclass(frozen=True)
class Caller:
    """Who calls, as a simulation and a resource's policy name them.

    Attributes:
        arn: the user's or the role's ARN.
        principal: the user, or the role's session.
    """

    arn: str
    principal: Principal

    @property
    def keys(self) -> Mapping[str, tuple[str, ...]]:
        """The condition keys that say who it is."""
        found = {
            "aws:PrincipalAccount": (self.principal.account,),
            "aws:PrincipalArn": (self.arn,),
            "aws:PrincipalIsAWSService": ("false",),
            "aws:PrincipalType": ("AssumedRole" if self.principal.role else "User",),
            "aws:ViaAWSService": ("false",),
        }
        return found if self.principal.role else found | {"aws:username": (self.arn.rpartition("/")[2],)}


def check(verb: str, needs: Sequence[Need], say: Callable[[str], None]) -> None:
    """Check that you may do what a verb will do: nothing for the account's root, else one simulation if IAM can.

    Args:
        verb: what you typed, such as ``make train``.
        needs: what it needs.
        say: prints what cannot be checked.

    Raises:
        UserError: you lack a right.
    """
    arn = aws.caller_arn()
    if arn.endswith(":root") or not needs:
        return
    caller = unless_denied(WHAT, partial(find, arn), say)
    if caller is None:
        return
    results = unless_denied(WHAT, partial(_simulate, caller, needs, say), say)
    if results is not None:
        report(verb, judged(caller, needs, results), say)


def find(arn: str) -> Caller:
    """The caller with an ARN of STS, which does not have the path of a session's role: IAM is asked for it.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
    """
    account, path = arn.split(":")[4], arn.split(":", 5)[5]
    if not path.startswith("assumed-role/"):
        return Caller(arn, Principal(arn, account))
    role = str(aws.client("iam").get_role(RoleName=path.split("/")[1])["Role"]["Arn"])
    return Caller(role, Principal(arn, account, role))


def judged(caller: Caller, needs: Iterable[Need], results: Results) -> list[tuple[Need, Verdict]]:
    """Each need that is not certain to be met, with what is known about it."""
    found: list[tuple[Need, Verdict]] = []
    for need in needs:
        verdict = simulation.judge(results, caller.principal, need.permission)
        if verdict is not Verdict.ALLOWED:
            found.append((need, verdict))
    return found


def report(verb: str, found: Sequence[tuple[Need, Verdict]], say: Callable[[str], None]) -> None:
    """Print what is not certain, and refuse what is certain to be missing.

    Raises:
        UserError: you lack a right.
    """
    missing = [(need, verdict) for need, verdict in found if verdict is not Verdict.UNSURE]
    if missing:
        (first, verdict), others = missing[0], _actions(need for need, _ in missing[1:])
        what = f"{first.permission.action} on {first.permission.resource}"
        more = ", ".join(action for action in others if action != first.permission.action)
        start = "A policy denies" if verdict is Verdict.DENIED else "No policy allows"
        raise UserError(
            f"{start} you {what}, which `{verb}` needs {first.why}{f'; nor {more}' if more else ''}.",
            "Ask the account's administrator for the policy of terraform/modules/people, or for "
            f"{'these rights' if more else 'this right'}.",
        )
    unsure = _actions(need for need, _ in found)
    if unsure:
        say(f"Not checked: whether you may do {', '.join(unsure)} (it depends on more than your policies).")


def _actions(needs: Iterable[Need]) -> list[str]:
    return list(dict.fromkeys(need.permission.action for need in needs))


def _simulate(caller: Caller, needs: Sequence[Need], say: Callable[[str], None]) -> Results | None:
    keys = {key: values for need in needs for key, values in need.permission.context.items()}
    place = {"aws:RequestedRegion": (aws.region(),), "aws:SecureTransport": ("true",)}
    permissions = [need.permission for need in needs]
    return simulation.simulate_if_possible(WHAT, caller.arn, permissions, {**caller.keys, **place, **keys}, say)
