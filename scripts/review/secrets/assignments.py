"""Finds the values of secrets in texts that assign them: shell, dotenv, YAML, JSON, INI, PowerShell, XML, SQL, flags.

The forms are those that detect-secrets and gitleaks look for (`plugins/keyword.py`, `curl-auth-user`), and those of the
files that user data and charts hold.
https://github.com/Yelp/detect-secrets/blob/master/detect_secrets/plugins/keyword.py
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html
https://cloudinit.readthedocs.io/en/latest/reference/modules.html
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain

from .lines import Span
from .names import secret_by_name
from .values import holds_secret

# A line without any of these words has no secret's name.
_WORDS = (
    "pass", "pwd", "pswd", "secret", "token", "key", "cred", "auth", "dsn", "jwt", "bearer", "conn", "salt", "pw",
    "sig", "pepper", "mnemonic", "seed", "contrasena",
)  # fmt: skip
# Texts of which one is in whatever the slower expressions below find.
_OF_COMMANDS = (
    "identified", "password ", "password\t", "requirepass", "masterauth", "sshpass", "securestring", "net user",
    "pass:", "passin", "passout", "redis-cli", "docker login", "mysql",
)  # fmt: skip
_OF_USERS = ("curl", "chpasswd", ":*:", ":5432:")

_NAME = r"(?P<name>[A-Za-z_][\w.-]{0,120}+)"
_QUOTE = r"\\{0,4}[\"'`]?"
_ASSIGNED = re.compile(rf"(?<![\w.]){_NAME}{_QUOTE}[\])]?{_QUOTE}[ \t]{{0,8}}(?P<by>:=|=>|==|\?=|\+=|=|:)[ \t]{{0,40}}")
_SPOKEN = re.compile(
    rf"(?<![\w-])--?(?P<flag>[A-Za-z][\w.-]{{2,60}}+)[ \t]+(?!--?[A-Za-z])"
    rf"|\b(?i:set|setx|setenv|env|arg|configure set|config set)[ \t]+(?:/[a-zA-Z][ \t]+)?"
    rf"{_QUOTE}{_NAME}{_QUOTE}[ \t]+(?!=)"
    rf"|\([ \t]*\\?[\"'](?P<called>[\w.-]{{3,80}})\\?[\"'][ \t]*,[ \t]*(?=\\?[\"'])"
    rf"|<(?P<element>[A-Za-z_][\w.:-]{{2,80}}+)>(?=[^<\s])"
)
# Commands and statements whose argument is a secret, whatever it is called.
_COMMANDS = re.compile(
    r"(?i:\bidentified (?:\w+ )?by|\bpassword(?= ['\"])|^[ \t]*(?:requirepass|masterauth|password)(?=[ \t]+[^\s=:])"
    r"|\blogin[ \t]+\S{1,80}[ \t]+password|\bsshpass -p|\bConvertTo-SecureString(?: -String)?"
    r"|\bnet user \S{1,40}|-pass(?:in|out)? pass:|\bredis-cli\b[^\n|;&]{0,120}? -a"
    r"|\bdocker login\b[^\n|;&]{0,200}? -p"
    r"|\bmysql(?:dump|admin)?\b[^\n|;&]{0,200}? -p(?=\S))[ \t]{0,8}",
    re.MULTILINE,
)
_USER = re.compile(
    r"\bcurl\b[^\n|;]{0,400}?[ \t](?:-u|--user|--proxy-user)[ \t=]*[\"']?[^\s:\"'$]{1,100}:(?P<secret>[^\s\"']{1,256})"
    r"|^[ \t]*(?:echo|printf)[ \t]+[\"']?[\w.-]{1,40}:(?P<piped>[^\n|\"']{1,256})[\"']?[ \t]*\|[ \t]*(?:sudo )?chpasswd"
    r"|^[^:\s#/]{1,100}:(?:\d{2,5}|\*):[^:\s]{1,80}:[^:\s]{1,80}:(?P<line>\S{1,256})[ \t]*$",
    re.MULTILINE,
)
_PORT = re.compile(r":(?:\d{2,5}|\*):")  # in whatever `line` matches
# A name and its value as two members: Kubernetes, ECS, CodeBuild, XML.
_PAIR = re.compile(
    rf"(?i:(?<![\w-])(?:name|key)){_QUOTE}[ \t]*[:=][ \t]*{_QUOTE}{_NAME}{_QUOTE}[ \t]*,?\s{{0,40}}"
    rf"{_QUOTE}(?i:(?<!\w)value){_QUOTE}[ \t]*[:=][ \t]*"
)
_VALUE = re.compile(rf"value{_QUOTE}[ \t]*[:=]")  # in lower case, in whatever matches
_BLOCK = re.compile(r"[|>][-+\d]{0,2}[ \t]*(?:#.*)?$")
_CHPASSWD = re.compile(r"^(?P<indent>[ \t]*)chpasswd:[ \t]*$", re.MULTILINE)
_ACCOUNT = re.compile(r"^[ \t]*-?[ \t]*[\w.-]{1,40}:(?P<secret>\S{1,200})[ \t]*$", re.MULTILINE)
_OPENING = re.compile(r"[@$]?(\\*)([\"'`])")
_ALONE = re.compile(r"[ \t]*(?:export[ \t]+|-[ \t]+)?[\w.]+=")
_SPACE = re.compile(r"\s")
_FLOW_END = re.compile(r"[,}\]]")
_LONGEST = 2_000  # a longer value is no reference, and would take long to look at
_NEAR = 2_000  # how far before a value the quotes are counted


def assigned_secrets(text: str) -> Iterator[Span]:
    """The places of the values of secrets that a text assigns: pairs of start and end.

    Args:
        text: a text of any length, on one line or more.
    """
    lowered = text.lower()
    lines = naming_lines(text, lowered)
    if lines:
        yield from _each(text, ((it.start(), it["name"], it.end(), it["by"]) for it in _assignments(text, lines)))
        yield from _each(text, ((it.start(), *_spoken(it)) for it in _matches(_SPOKEN, text, lines)))
        if _VALUE.search(lowered):
            yield from _each(text, ((it.start(), it["name"], it.end(), ":") for it in _PAIR.finditer(text)))
    if any(map(lowered.__contains__, _OF_COMMANDS)):
        yield from _each(text, ((it.start(), "password", it.end(), " ") for it in _COMMANDS.finditer(text)))
    if any(map(lowered.__contains__, _OF_USERS)):
        yield from _users(text)
    if "chpasswd" in lowered:
        yield from _accounts(text)


def naming_lines(text: str, lowered: str) -> list[Span]:
    """The places of the lines in a text that may name a secret, in order.

    Args:
        text: the text.
        lowered: the same in lower case.
    """
    if len(lowered) != len(text):  # of a few letters, the lower case is two: places differ
        return [(0, len(text))]
    return _lines_with(_WORDS, text, lowered)


def _lines_with(words: Iterable[str], text: str, lowered: str) -> list[Span]:
    found: dict[int, int] = {}
    for word in words:
        at = lowered.find(word)
        while at >= 0:
            end = _line_end(text, at)
            found[text.rfind("\n", 0, at) + 1] = end
            at = lowered.find(word, end)
    return sorted(found.items())


def _matches(pattern: re.Pattern[str], text: str, lines: Iterable[Span]) -> Iterator[re.Match[str]]:
    return chain.from_iterable(pattern.finditer(text, *line) for line in lines)


def _assignments(text: str, lines: Iterable[Span]) -> Iterator[re.Match[str]]:
    for found in _matches(_ASSIGNED, text, lines):
        if secret_by_name(found["name"]) and not _is_part_of_a_name(text, found):
            yield found


def _users(text: str) -> Iterator[Span]:
    """The passwords of users: of curl, of chpasswd, in a line of .pgpass."""
    lines = dict(_lines_with(("curl", "chpasswd"), text, text))
    for port in _PORT.finditer(text):
        lines[text.rfind("\n", 0, port.start()) + 1] = _line_end(text, port.start())
    for found in _matches(_USER, text, sorted(lines.items())):
        group = found.lastgroup or ""
        if holds_secret("password", found[group]):
            yield found.span(group)


def _spoken(found: re.Match[str]) -> tuple[str, int, str]:
    name = found["flag"] or found["name"] or found["called"] or found["element"]
    return name, found.end(), "<" if found["element"] else " "


def _each(text: str, named: Iterable[tuple[int, str, int, str]]) -> Iterator[Span]:
    """The values that are secrets; what is within one of them is not looked at again, so the time stays linear."""
    done = 0
    for at, name, start, by in named:
        if at >= done and secret_by_name(name):
            begin, end = _value(text, start, by)
            if begin < end and (end - begin > _LONGEST or holds_secret(name, text[begin:end])):
                done = end
                yield begin, end


def _is_part_of_a_name(text: str, found: re.Match[str]) -> bool:
    """Whether a colon is inside a longer name: `arn:aws:…:secret:app`, `registry/vault-token:1.2`."""
    return found[0].endswith(f"{found['name']}:") and text[max(found.start() - 1, 0) : found.start()] in (":", "/", "@")


def _accounts(text: str) -> Iterator[Span]:
    """The passwords in the list of users that cloud-init sets."""
    for found in _CHPASSWD.finditer(text):
        for account in _ACCOUNT.finditer(text, *_block(text, found.end(), len(found["indent"]))):
            if holds_secret("password", account["secret"]):
                yield account.span("secret")


def _value(text: str, start: int, by: str) -> Span:
    """The place of a value that starts at a place of a text; it may be a block of lines."""
    if not _BLOCK.match(text, start, _line_end(text, start)):
        return value_at(text, start, by)
    line = max(text.rfind("\n", 0, start) + 1, start - _NEAR)
    indent = len(text[line:start]) - len(text[line:start].lstrip(" \t-"))
    return _block(text, _line_end(text, start), indent)


def _block(text: str, start: int, indent: int) -> Span:
    """The lines after a place that are indented deeper than `indent`."""
    end = at = min(start + 1, len(text))
    while at < len(text):
        stop = _line_end(text, at)
        line = text[at:stop]
        if line.strip() and len(line) - len(line.lstrip(" \t")) <= indent:
            break
        end, at = stop, stop + 1
    return min(start + 1, end), end


def value_at(text: str, start: int, by: str) -> Span:
    """The place of a value: between its quotes, to the end of a word, or to the end of the line.

    Args:
        text: the text.
        start: where the value starts, a quotation mark included.
        by: what assigns it: `=`, `:`, a blank for an argument, `<` for an element.
    """
    stop = _line_end(text, start)
    line = max(text.rfind("\n", 0, start) + 1, start - _NEAR)
    before = text[line:start]
    opened = {mark for mark in "\"'`" if (before.count(mark) - before.count(f"\\{mark}")) % 2}
    if by == "<":
        element = text.find("<", start, stop)
        return start, element if element >= 0 else stop
    quote = _OPENING.match(text, start, stop)
    if quote and not (quote[2] in opened and not quote[1]):
        return quote.end(), _quoted_end(text, quote.end(), stop, quote[1], quote[2])
    spaced = text[start - 1 : start] in (" ", "\t") and by != " "
    if by == "=" and _ALONE.fullmatch(before) and not _SPACE.search(text, start, stop):
        return start, stop  # a line of a dotenv file, where ; and & are letters
    if opened or (not spaced and by != ":") or by == " ":
        return start, _word_end(text, start, stop, opened)
    if "{" in before or "[" in before:
        flow = _FLOW_END.search(text, start, stop)
        return start, flow.start() if flow else stop
    return start, _without_comment(text, start, stop)


def _quoted_end(text: str, start: int, stop: int, escape: str, mark: str) -> int:
    """The end of a quoted value; of the word, if more follows the quotation mark."""
    at = start
    while (end := text.find(escape + mark, at, stop)) >= 0:
        slashes = len(text[start:end]) - len(text[start:end].rstrip("\\"))
        if slashes % 2 == 0 or escape:
            after = text[end + len(escape) + 1 : end + len(escape) + 2]
            return end if not after.isalnum() else _word_end(text, end + len(escape) + 1, stop, set())
        at = end + 1
    return stop


def _word_end(text: str, start: int, stop: int, opened: set[str]) -> int:
    """The end of a word of a shell, which quotes and $(…) may hold together."""
    at, inside, depth = start, "", 0
    while at < stop:
        letter = text[at]
        if letter == "\\" and at + 1 < stop and text[at + 1] not in opened:
            at += 2
            continue
        if inside:
            inside = "" if letter == inside else inside
        elif depth or text.startswith(("$(", "${", "{{"), at):
            at += not depth and letter == "$"  # to the bracket
            depth += (text[at] in "({") - (text[at] in ")}")
        elif letter in "\"'`":
            if letter in opened and not text[at + 1 : at + 2].isalnum():
                break
            inside = "" if letter in opened else letter
        elif (
            letter.isspace()
            or letter in ";&|<>"
            or (letter in ",)]}" and not text[at + 1 : at + 2].isalnum() and text[start] != "[")
        ):
            break
        at += 1
    return min(at, stop)


def _without_comment(text: str, start: int, stop: int) -> int:
    """The end of a value that goes to the end of its line."""
    comment = text.find(" #", start, stop)
    end = comment if comment >= 0 else stop
    return start + len(text[start:end].rstrip(" \t\r,;"))


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end
