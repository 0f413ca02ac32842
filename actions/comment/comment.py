"""Writes a page as a comment on a pull request, or updates the comment that it wrote before.

    comment.py review.md

The job that wrote the page ran code of the pull request, so the page may hold anything. This program has a token that
can write, so it runs nothing of the page's job: it imports only Python's standard library, opens one file that must be
a plain one, and takes from the text all that GitHub would do more with than show it (`tamed`).

Variables: GITHUB_API_URL, GITHUB_SERVER_URL and GITHUB_REPOSITORY, which every runner sets; TOKEN; NUMBER of the pull
request; NAME, which tells this comment from others; AUTHOR, the login of the token; PAGE, the artifact's address.

Exit codes: 0 written, 2 an error, explained in two lines.
https://docs.github.com/en/rest/issues/comments
"""

import json
import os
import re
import stat
import sys
import time
import unicodedata
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, NoReturn

LONGEST = 65_536
"""GitHub's limit for a comment, in characters."""

MOST_BYTES = 1_000_000
"""As much of a page is read. Four times the longest comment, in characters of four bytes."""

ATTEMPTS, PAUSE, PATIENCE = 3, 1.0, 20.0
MOST_PAGES = 100
"""Of 100 comments each."""

BREAK = "\N{ZERO WIDTH SPACE}"
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
KNOWN = (
    r"</?(?:details|summary)>|<br>"
    r"|<https://(?:docs\.aws\.amazon\.com|developer\.hashicorp\.com|registry\.terraform\.io)/[A-Za-z0-9._~/%#?=&-]*>"
    r"|```diff$"
)
"""What the review itself writes and GitHub shall obey: its elements, the pages of its rules, blocks of differences."""

OBEYED = (
    r"@(?=[A-Za-z0-9])",  # a mention, which sends mail
    r"<(?=[A-Za-z/!?])",  # an element, a comment with another bot's mark
    r"\](?=[(:\[])",  # a link, an image
    r":(?=//)|\bwww(?=\.)",  # an address that becomes a link
    r"&(?=[#A-Za-z])",  # a character in disguise: GitHub looks for mentions in what it stands for
    r"#(?=\d)|\bGH(?=-\d)",  # a reference to an issue, which shows there
    r"^[ \t]*(?=/)",  # a command to a bot
    r"(?:`{3,}|~{3,})(?=[^\s`~])",  # a block of another kind: a diagram, a map
)
"""What GitHub, or a bot that reads comments, would obey in plain text. A zero-width space after it prevents that.

https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/autolinked-references-and-urls
"""

_TAMED = re.compile(f"({KNOWN})|({'|'.join(OBEYED)})", re.MULTILINE | re.IGNORECASE)
_NOTE = "The job that ran this pull request's code wrote this text, and that code can change it."
_CUT = "\n\n_Cut here: this comment has GitHub's longest length._\n"


class CommentError(Exception):
    """An error with two lines: the problem, and what to do."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(problem)
        self.problem, self.fix = problem, fix


class PassingError(Exception):
    """A failure of the server or the network, which usually passes."""


def tamed(text: str) -> str:
    """A text of others that GitHub only shows: no mention, link, image, command or element of theirs has an effect."""
    visible = "".join(map(_visible, text.replace("\r\n", "\n")))
    return _TAMED.sub(lambda found: found[1] or f"{found[2]}{BREAK}", visible)


def _visible(character: str) -> str:
    is_shown = character in "\n\t" or unicodedata.category(character) not in HIDDEN
    return character if is_shown else f"\\u{ord(character):04x}"


def comment(page: str, name: str, address: str, room: int = LONGEST) -> str:
    """The comment's text.

    Args:
        page: the page as it was read.
        name: tells this comment from others.
        address: of the artifact with the whole review; may be empty.
        room: the longest length.
    """
    # The page comes last: it may hold the beginning of a block that nothing ends.
    link = f" [The whole review]({address}), a page to download." if address else ""
    head = f"{mark(name)}\n_{_NOTE}_{link}\n\n"
    text = tamed(page)
    if len(head) + len(text) > room:
        text = text[: room - len(head) - len(_CUT)] + _CUT
    return head + text


def mark(name: str) -> str:
    """The first line, which GitHub does not show."""
    return f"<!-- trainyard-review: {name} -->"


def read(path: str) -> str:
    """The page: a plain file, not a link, and not more of it than a comment can hold."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise _no_page(path, str(error.strerror)) from None
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        raise _no_page(path, "it is not a plain file")
    with os.fdopen(opened, "rb") as file:
        return file.read(MOST_BYTES).decode("utf-8", errors="replace")


def _no_page(path: str, why: str) -> CommentError:
    return CommentError(
        f"{Path(path).name} of the artifact cannot be read: {why}.",
        "actions/review writes it: look at the job before this one.",
    )


class Api:
    """The comments of one pull request, in GitHub's REST API.

    Args:
        root: the API's address.
        repository: `owner/name`.
        number: of the pull request.
        token: may write comments.
    """

    def __init__(self, root: str, repository: str, number: str, token: str) -> None:
        self.root, self.token = f"{root.rstrip('/')}/repos/{repository}/issues", token
        self.number = number
        self.opener = urllib.request.build_opener(_NoRedirect)

    def find(self, author: str, first_line: str) -> int | None:
        """The id of the first comment by this author that begins with this line."""
        for page in range(1, MOST_PAGES + 1):
            found, more = self._call("GET", f"{self.number}/comments?per_page=100&page={page}")
            for each in found if isinstance(found, list) else ():
                written = str(each.get("body") or "").splitlines()[:1] == [first_line]
                if written and (each.get("user") or {}).get("login") == author:
                    return int(each["id"])
            if not more:
                return None
        return None

    def create(self, body: str) -> None:
        """Write a new comment."""
        self._call("POST", f"{self.number}/comments", {"body": body})

    def update(self, identity: int, body: str) -> bool:
        """Give a comment another text. False if it is gone."""
        try:
            self._call("PATCH", f"comments/{identity}", {"body": body})
        except CommentError as error:
            if isinstance(error.__cause__, urllib.error.HTTPError) and error.__cause__.code == 404:
                return False
            raise
        return True

    def _call(self, method: str, path: str, data: "dict[str, str] | None" = None) -> "tuple[Any, bool]":
        """The answer's JSON, and whether there is another page of it."""
        request = urllib.request.Request(
            f"{self.root}/{path}",
            method=method,
            data=None if data is None else json.dumps(data).encode(),
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                "User-Agent": "trainyard-review",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        try:
            with self.opener.open(request, timeout=PATIENCE) as answer:
                return json.load(answer), 'rel="next"' in (answer.headers.get("Link") or "")
        except urllib.error.HTTPError as error:
            if error.code >= 500 or error.code == 429 or error.headers.get("Retry-After"):  # also GitHub's limits
                raise PassingError(f"it answers with {error.code}") from error
            problem = f"GitHub refuses the comment ({error.code}): {_message(error)}."
            raise CommentError(problem, _fix(error.code)) from error
        except (OSError, ValueError) as error:
            raise PassingError(_one_line(str(error))) from error


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirection: the token is for one server."""

    def redirect_request(self, *_arguments: Any, **_named: Any) -> None:
        return None


def _message(error: urllib.error.HTTPError) -> str:
    try:
        return _one_line(str(json.loads(error.read(10_000))["message"])).rstrip(".")
    except (OSError, ValueError, KeyError, TypeError):
        return _one_line(str(error.reason))


def _fix(code: int) -> str:
    if code in (401, 403, 404):
        return "Give the job `permissions: pull-requests: write`. The token of a fork's pull request can only read."
    return "Look it up at https://docs.github.com/en/rest/issues/comments, and check the inputs of actions/comment."


def _one_line(text: str) -> str:
    return " ".join("".join(each if unicodedata.category(each) not in HIDDEN else " " for each in text).split())


def write(api: Api, author: str, body: str) -> str:
    """Update the comment, or write it if there is none; what was done.

    A failure that passes begins again with the search: an answer that was lost leaves no second comment.
    """
    first_line = body.splitlines()[0]
    for attempt in range(1, ATTEMPTS + 1):
        try:
            identity = api.find(author, first_line)
            if identity is not None and api.update(identity, body):
                return "updated"
            api.create(body)
            return "written"
        except PassingError as error:
            if attempt == ATTEMPTS:
                raise CommentError(
                    f"GitHub has not taken the comment in {ATTEMPTS} attempts: {error}.", "Run the job again later."
                ) from None
            time.sleep(PAUSE * attempt)
    raise AssertionError("unreachable")


def main(path: str, variables: "dict[str, str]") -> None:
    """Write the comment."""
    api = Api(
        variables["GITHUB_API_URL"],
        _checked(variables, "GITHUB_REPOSITORY", r"[\w.-]+/[\w.-]+"),
        _checked(variables, "NUMBER", r"[1-9][0-9]{0,9}"),
        variables["TOKEN"],
    )
    name = _checked(variables, "NAME", r"[A-Za-z0-9]+(?:[ ._/-][A-Za-z0-9]+){0,20}")
    repository = re.escape(f"{variables['GITHUB_SERVER_URL']}/{variables['GITHUB_REPOSITORY']}")
    address = _checked(variables, "PAGE", rf"(?:{repository}/actions/runs/[0-9]+(?:/artifacts/[0-9]+)?)?")
    print("The comment is", write(api, variables["AUTHOR"], comment(read(path), name, address)) + ".")


def _checked(variables: "dict[str, str]", name: str, pattern: str) -> str:
    """A variable whose text others may have chosen."""
    if not re.fullmatch(pattern, variables[name], re.ASCII):
        found = _one_line(variables[name])[:100]
        raise CommentError(f"{name} is {found!r}, which it cannot be.", "Check the inputs of actions/comment.")
    return variables[name]


def _fail(error: CommentError) -> NoReturn:
    print(f"Error: {error.problem}\nFix:   {error.fix}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    try:
        main(sys.argv[1], dict(os.environ))
    except CommentError as error:
        _fail(error)
