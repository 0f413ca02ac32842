"""The rules of FAULTS: a small grammar, read into values.

Rules are separated by commas. A rule says where it applies, which fault it gives and, if you like, how often::

    s3:PutObject 503 20%                      one of five, chosen by the seed
    sagemaker:CreateTrainingJob cut-after 1x  the first one
    logs silence=90s, * throttled 5%, seed=7  every call of CloudWatch Logs; one of twenty of all others
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from scripts.core.errors import UserError, nearest

EVERYWHERE = "*"
REGISTRY = "registry"
"""The service of docker's own calls, `push` and `pull`. They are no API of AWS, so `*` does not include them."""
INSTANCES = "instances"
"""No service: the instances of a training job, which fail before its program starts. `*` does not include them."""

FIX = "A rule is WHERE FAULT [SHARE%] [COUNTx], such as `s3:PutObject 503 20%`; docs/local-cloud.md explains them."
_WHERE = re.compile(r"\*|(?P<service>[a-z][a-z0-9-]*)(:(?P<operation>[A-Za-z0-9*]+))?")
_ERROR = re.compile(r"(?P<code>[A-Z][A-Za-z0-9.]*)(/(?P<status>[45]\d\d))?")
_SECONDS = re.compile(r"(?P<kind>delay|silence)=(?P<seconds>\d+(\.\d+)?)s")
_SHARE = re.compile(r"(\d+(?:\.\d+)?)%")
_COUNT = re.compile(r"([1-9]\d*)x")
_SEED = re.compile(r"seed=(\d+)")
# What AWS's load balancers and services say with a bare status.
_CODES = {500: "InternalError", 502: "BadGateway", 503: "ServiceUnavailable", 504: "GatewayTimeout"}


class Kind(StrEnum):
    """What happens to a call."""

    ERROR = "error"  # an error response
    THROTTLED = "throttled"  # an error response with the code that this service uses for it; so are the next two
    EXPIRED = "expired"
    WRONG_CLOCK = "wrong-clock"
    CUT_BEFORE = "cut-before"  # the connection is cut, and nothing was done
    CUT_AFTER = "cut-after"  # the call is done, and the connection is cut before the response
    TRUNCATED = "truncated"  # the call is done, and the connection is cut in the middle of the response
    DELAY = "delay"  # the call waits this many seconds, then it is done
    SILENCE = "silence"  # nothing comes for this many seconds, then the connection is cut; nothing was done


# The kinds that a single word names.
_WORDS = {kind.value: kind for kind in Kind if kind not in (Kind.ERROR, Kind.DELAY, Kind.SILENCE)}


@dataclass(frozen=True)
class Fault:
    """A fault.

    Attributes:
        kind: what happens.
        code: the error's code, for ERROR.
        status: the error's HTTP status; None means the usual one of this code.
        seconds: for DELAY and SILENCE.
    """

    kind: Kind
    code: str = ""
    status: int | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Rule:
    """A fault, and which calls get it.

    Attributes:
        text: the rule as you wrote it.
        service: AWS's name of a service, such as ``s3``; ``registry``; or ``*`` for every API of AWS.
        operation: an operation, in which ``*`` stands for any letters.
        fault: the fault.
        share: the share of these calls, from 0 to 1.
        most: how many calls get it at most; None is unlimited.
    """

    text: str
    service: str
    operation: str
    fault: Fault
    share: float = 1.0
    most: int | None = None

    def covers(self, service: str, operation: str) -> bool:
        """Return whether the rule is about this call."""
        if self.service == EVERYWHERE:
            return service not in (REGISTRY, INSTANCES)
        return service == self.service and fnmatchcase(operation, self.operation)


@dataclass(frozen=True)
class Faults:
    """All rules, and the seed from which the shares are drawn."""

    rules: tuple[Rule, ...] = ()
    seed: int = 0


def parse(text: str) -> Faults:
    """Read the text of FAULTS; an empty text means no faults.

    Raises:
        UserError: a rule is wrong.
    """
    rules, seed = [], 0
    for part in filter(None, (part.strip() for part in re.split(r"[,\n]", text))):
        if found := _SEED.fullmatch(part):
            seed = int(found[1])
        else:
            rules.append(_rule(part))
    return Faults(tuple(rules), seed)


def _rule(text: str) -> Rule:
    words = text.split()
    if len(words) < 2:
        raise wrong(text, "it needs a place and a fault")
    where = _WHERE.fullmatch(words[0])
    if where is None:
        raise wrong(text, f"`{words[0]}` is no service, no service:Operation and not `*`")
    service, operation = where["service"] or EVERYWHERE, where["operation"] or "*"
    share, most = 1.0, None
    for word in words[2:]:
        if found := _SHARE.fullmatch(word):
            share = float(found[1]) / 100
        elif found := _COUNT.fullmatch(word):
            most = int(found[1])
        else:
            raise wrong(text, f"`{word}` is neither a share such as `20%` nor a number of calls such as `3x`")
    if share > 1:
        raise wrong(text, "a share is at most `100%`")
    fault = _fault(text, words[1])
    if service == INSTANCES and (where["operation"] or fault.kind is not Kind.ERROR):
        raise wrong(text, "the instances of a job have no operations, and only an error such as `InternalServerError`")
    return Rule(text, service, operation, fault, share, most)


def _fault(text: str, word: str) -> Fault:
    if word in _WORDS:
        return Fault(_WORDS[word])
    if found := _SECONDS.fullmatch(word):
        return Fault(Kind(found["kind"]), seconds=float(found["seconds"]))
    if word.isdigit() and int(word) in _CODES:
        return Fault(Kind.ERROR, _CODES[int(word)], int(word))
    if found := _ERROR.fullmatch(word):
        return Fault(Kind.ERROR, found["code"], int(found["status"]) if found["status"] else None)
    close = nearest(word, [*_WORDS, "delay=2s", "silence=60s"])
    raise wrong(text, f"`{word}` is no fault" + (f"; did you mean `{close}`?" if close else ""))


def wrong(rule: str, problem: str) -> UserError:
    """Return the error of a rule that cannot be used."""
    return UserError(f"FAULTS: `{rule}`: {problem}.".replace("?.", "?"), FIX)
