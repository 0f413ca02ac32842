"""What a .dockerignore file excludes.

The rules are Docker's: https://docs.docker.com/build/concepts/context/#dockerignore-files. The package `docker` has
them too, but its import takes as long as all checks of a job's files, and it has no rule for what is below a folder.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import PurePosixPath


class PatternError(ValueError):
    """A line that is not a pattern."""


# The parts of a pattern; everything else stands for itself.
_PART = re.compile(r"\*\*/?|\*|\?|\[(?P<not>!?)(?P<set>\]?[^\]]*)\]|.", re.DOTALL)


def kept(names: Iterable[str], ignore: str) -> Iterator[str]:
    """The names that a .dockerignore does not exclude.

    Args:
        names: paths of files, with forward slashes.
        ignore: the content of the .dockerignore.

    Raises:
        PatternError: a line is not a pattern, such as ``[z-a]``.
    """
    rules = list(_rules(ignore))
    for name in names:
        # A pattern that matches a folder applies to everything below it. The last matching pattern decides.
        paths = [path.lower() for path in (name, *map(str, PurePosixPath(name).parents[:-1]))]
        if next((keeps for keeps, pattern in rules if any(map(pattern.fullmatch, paths))), True):
            yield name


def _rules(ignore: str) -> Iterator[tuple[bool, re.Pattern[str]]]:
    """The last rule first: whether a path that it matches is kept, and the expression for the whole path."""
    lines = [line.strip() for line in ignore.splitlines()]
    # `docker build` always sends the Dockerfile and the .dockerignore too.
    patterns = [line for line in lines if line and not line.startswith("#")] + ["!Dockerfile", "!.dockerignore"]
    for keeps, group in groupby(reversed(patterns), key=lambda pattern: pattern.startswith("!")):
        expressions = {one: found for one in group if (found := _translated(one.removeprefix("!").strip()))}
        if expressions:
            yield keeps, _compiled(expressions)


def _compiled(expressions: Mapping[str, str]) -> re.Pattern[str]:
    """One expression for several patterns."""
    try:
        return re.compile("|".join(expressions.values()), re.DOTALL)
    except re.error:
        for pattern, expression in expressions.items():
            try:
                re.compile(expression)
            except re.error as error:
                raise PatternError(f"{pattern} is not a pattern: {error.msg}") from None
        raise


def _translated(pattern: str) -> str:
    """The regular expression of a pattern, in small letters; empty if the pattern names nothing."""
    names: list[str] = []
    for name in pattern.split("/"):
        if name == "..":
            del names[-1:]
        elif name not in ("", "."):
            names.append(name)
    whole = "/".join(names).lower()
    return "".join(_translated_part(part, part.end() == len(whole)) for part in _PART.finditer(whole))


def _translated_part(part: "re.Match[str]", is_last: bool) -> str:
    text = part[0]
    if text.startswith("**"):
        return ".*" if is_last else "(?:.*/)?"
    if part["set"]:
        letters = re.sub(r"[\\\[&~|]", r"\\\g<0>", part["set"])  # Python reserves [, &&, ~~ and || in a set
        first = "^" if part["not"] else "\\" if letters.startswith("^") else ""
        return f"[{first}{letters}]"
    return {"*": "[^/]*", "?": "[^/]"}.get(text) or re.escape(text)
