"""The grammar of FAULTS: what a rule says, and the two lines of a wrong one."""

import pytest

from scripts.core.errors import UserError
from scripts.localcloud.faults import Fault, Faults, Kind, Rule, parse
from scripts.localcloud.faults.names import read


@pytest.mark.parametrize(
    ("text", "service", "operation", "fault", "share", "most"),
    [
        ("s3:PutObject 503 20%", "s3", "PutObject", Fault(Kind.ERROR, "ServiceUnavailable", 503), 0.2, None),
        ("sagemaker:CreateTrainingJob cut-after 1x", "sagemaker", "CreateTrainingJob", Fault(Kind.CUT_AFTER), 1, 1),
        ("logs silence=90s", "logs", "*", Fault(Kind.SILENCE, seconds=90), 1, None),
        ("* throttled 5% 3x", "*", "*", Fault(Kind.THROTTLED), 0.05, 3),
        ("s3:Put* delay=0.5s", "s3", "Put*", Fault(Kind.DELAY, seconds=0.5), 1, None),
        ("ecr KmsException", "ecr", "*", Fault(Kind.ERROR, "KmsException"), 1, None),
        ("sts IDPCommunicationError/400", "sts", "*", Fault(Kind.ERROR, "IDPCommunicationError", 400), 1, None),
        ("instances InternalServerError 1x", "instances", "*", Fault(Kind.ERROR, "InternalServerError"), 1, 1),
        ("registry truncated", "registry", "*", Fault(Kind.TRUNCATED), 1, None),
    ],
)
def test_a_rule_is_read(text: str, service: str, operation: str, fault: Fault, share: float, most: int | None) -> None:
    assert read(text) == Faults((Rule(text, service, operation, fault, share, most),))


def test_rules_are_separated_by_commas_and_the_seed_is_one_of_them() -> None:
    faults = parse(" * 500 1%,seed=7 ,\n s3 expired,")
    assert ([rule.text for rule in faults.rules], faults.seed) == (["* 500 1%", "s3 expired"], 7)


@pytest.mark.parametrize("text", ["", " ", ","])
def test_an_empty_text_is_no_rule(text: str) -> None:
    assert parse(text) == Faults()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("s3", "it needs a place and a fault"),
        ("S3 503", "`S3` is no service, no service:Operation and not `*`"),
        ("*:PutObject 503", "`*:PutObject` is no service"),
        ("s3 cut-befor", "did you mean `cut-before`?"),
        ("s3 delay=2", "did you mean `delay=2s`?"),
        ("s3 404", "`404` is no fault"),
        ("s3 503 20", "`20` is neither a share such as `20%` nor a number of calls such as `3x`"),
        ("s3 503 0x", "`0x` is neither"),
        ("s3 503 120%", "a share is at most `100%`"),
        ("s4 503", "AWS has no service `s4`; did you mean `s3`?"),
        ("s3:PutObjct 503", "s3 has no operation `PutObjct`; did you mean `PutObject`?"),
        ("instances cut-after", "the instances of a job have no operations, and only an error"),
        ("instances:Start 503", "the instances of a job have no operations, and only an error"),
        ("s3 503, seed=x", "`seed=x`: it needs a place and a fault"),
    ],
)
def test_a_wrong_rule_is_two_lines(text: str, problem: str) -> None:
    with pytest.raises(UserError) as raised:
        read(text)
    assert problem in raised.value.problem
    assert raised.value.problem.startswith("FAULTS: `")
    assert "`s3:PutObject 503 20%`" in raised.value.fix


@pytest.mark.parametrize(
    ("where", "service", "operation", "covered"),
    [
        ("*", "s3", "PutObject", True),
        ("*", "", "", True),
        ("*", "registry", "PutManifest", False),
        ("registry", "registry", "PutManifest", True),
        ("s3", "s3", "GetObject", True),
        ("s3", "s3-outposts", "GetObject", False),
        ("s3:*Object", "s3", "GetObject", True),
        ("s3:*Object", "s3", "GetObjectAcl", False),
    ],
)
def test_a_rule_covers_calls(where: str, service: str, operation: str, covered: bool) -> None:
    (rule,) = parse(f"{where} 500").rules
    assert rule.covers(service, operation) is covered
