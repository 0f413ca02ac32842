"""The names of AWS's services and operations, from botocore's models."""

import functools
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from scripts.core.errors import nearest
from scripts.localcloud.faults.rules import EVERYWHERE, INSTANCES, REGISTRY, Faults, parse, wrong


def read(text: str) -> Faults:
    """Read the text of FAULTS, and check that every service and operation in it exists.

    Raises:
        UserError: a rule is wrong, or would never strike because a name does not exist.
    """
    faults = parse(text)
    _check(faults)
    return faults


def signing_name(service: str) -> str:
    """Return the name of a service in signatures: ``monitoring`` for ``cloudwatch``, mostly the same name."""
    if service in (EVERYWHERE, REGISTRY, INSTANCES):
        return service
    return str(botocore().get_service_model(service).signing_name)


@functools.cache
def botocore() -> Any:
    """Return a session of botocore, which has the models."""
    import botocore.session  # Here, because most commands do not need it and start faster without it.

    return botocore.session.get_session()


def _check(faults: Faults) -> None:
    for rule in faults.rules:
        if rule.service in (EVERYWHERE, REGISTRY, INSTANCES):
            continue
        known = [*botocore().get_available_services(), REGISTRY, INSTANCES]
        if rule.service not in known:
            raise wrong(rule.text, f"AWS has no service `{rule.service}`{_hint(rule.service, known)}")
        names = botocore().get_service_model(rule.service).operation_names
        if not any(fnmatchcase(name, rule.operation) for name in names):
            hint = _hint(rule.operation, names)
            raise wrong(rule.text, f"{rule.service} has no operation `{rule.operation}`{hint}")


def _hint(word: str, known: Iterable[str]) -> str:
    close = nearest(word, known)
    return f"; did you mean `{close}`?" if close else ""
