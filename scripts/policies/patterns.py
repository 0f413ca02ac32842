"""Compares one text of a request with a pattern of a policy.

A pattern's `${key}` stands for the request's value of that key, and `${key, 'default'}` has a default; `${*}`, `${?}`
and `${$}` are AWS's escapes for these characters.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from . import globs

Context = Mapping[str, tuple[str, ...]]
"""The values of a request by condition key; the keys are in lower case, as IAM ignores their case."""

_TOKEN = re.compile(r"\$\{([*?$])\}|\$\{([^}]*)\}|([*]+)|(.)", re.DOTALL)
_VARIABLE = re.compile(r"\$\{(?![*?$]\})([^}]*)\}")
_DEFAULT = re.compile(r"\s*([^,\s]+)\s*(?:,\s*'([^']*)')?\s*")


def matches(pattern: str, text: str, context: Context, wildcards: bool = True) -> bool:
    """Whether a text matches a pattern; a pattern with a variable that has no value matches nothing.

    Args:
        pattern: may have variables.
        text: of the request.
        context: the request's values, for the variables.
        wildcards: whether `*` and `?` stand for other characters.
    """
    if "${" not in pattern:
        if pattern == text or (wildcards and pattern == "*"):
            return True
        if not wildcards or ("*" not in pattern and "?" not in pattern):
            return False
        return _compiled(pattern, wildcards)(text) is not None
    replaced = replace_variables(pattern, context)
    return replaced is not None and _compiled(replaced, wildcards)(text) is not None


def replace_variables(pattern: str, context: Context) -> str | None:
    """A pattern with the request's values in place of its variables; None if one has no single value."""
    missing = False

    def value(variable: re.Match[str]) -> str:
        nonlocal missing
        found = _DEFAULT.fullmatch(variable[1])
        key, default = (found[1].lower(), found[2]) if found else ("", None)
        values = context.get(key, ())
        missing = missing or (len(values) != 1 and default is None)
        return globs.literal(values[0] if len(values) == 1 else default or "")

    replaced = _VARIABLE.sub(value, pattern)
    return None if missing else replaced


def variables_of(pattern: str) -> set[str]:
    """The keys of a pattern's variables that have no default, in lower case."""
    found = (_DEFAULT.fullmatch(variable) for variable in _VARIABLE.findall(pattern))
    return {each[1].lower() for each in found if each and each[2] is None}


@lru_cache(maxsize=16_384)
def _compiled(pattern: str, wildcards: bool) -> Callable[[str], re.Match[str] | None]:
    parts = []
    for escaped, variable, star, letter in _TOKEN.findall(pattern):
        if wildcards and star:
            parts.append(".*")
        elif wildcards and letter == "?":
            parts.append(".")
        else:
            parts.append(re.escape(escaped or variable or star or letter))
    return re.compile("".join(parts), re.DOTALL).fullmatch
