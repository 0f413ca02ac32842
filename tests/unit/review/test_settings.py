"""Reading review.toml, and the messages for mistakes in it."""

from pathlib import Path

import pytest

from scripts.core.errors import UserError
from scripts.review import settings
from scripts.review.model import Finding, Severity, Shown, Status
from scripts.review.settings import NONE, Settings, Suppression
from tests.conftest import ROOT

ADDRESS = 'module.buckets.aws_s3_bucket.this["data"]'


def finding(rule: str = "s3-force-destroy", address: str = ADDRESS) -> Finding:
    return Finding(
        rule,
        Severity.HIGH,
        Status.NEW,
        Shown(address),
        "Force.",
        Shown("It is on."),
        "Why.",
        "Fix.",
        "https://docs.aws.amazon.com/",
    )


def written(folder: Path, text: str) -> Path:
    path = folder / "review.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_nothing_is_switched_off(tmp_path: Path) -> None:
    assert settings.read(tmp_path / "review.toml") == NONE
    assert settings.split([finding()], NONE) == ((finding(),), ())


def test_reading_a_file(tmp_path: Path) -> None:
    text = '[[off]]\nrule = "s3-force-destroy"\naddress = "module.a.*"\nsource = "dev"\nreason = " because "\n'
    assert settings.read(written(tmp_path, text)) == Settings(
        (Suppression("s3-force-destroy", "because", "module.a.*", "dev"),)
    )


def test_an_empty_file_switches_nothing_off(tmp_path: Path) -> None:
    assert settings.read(written(tmp_path, "")) == NONE


@pytest.mark.parametrize(
    ("address", "covered"),
    [
        ("", True),
        (ADDRESS, True),
        ("module.buckets.*", True),
        ('*.this["data"]', True),
        ("*", True),
        ('module.buckets.aws_s3_bucket.this["models"]', False),
        ("module.buckets", False),
        ('module.buckets.aws_s3_bucket.this["dat?"]', False),
    ],
)
def test_an_address_matches_itself_and_its_wildcards(address: str, covered: bool) -> None:
    stand, suppressed = settings.split([finding()], Settings((Suppression("s3-force-destroy", "because", address),)))
    assert bool(suppressed) is covered
    assert bool(stand) is not covered


def test_a_suppressed_finding_keeps_its_reason() -> None:
    [suppressed] = settings.split([finding()], Settings((Suppression("s3-force-destroy", "because"),)))[1]
    assert (suppressed.finding, suppressed.reason) == (finding(), "because")


def test_other_rules_stay_active() -> None:
    other = finding("ecr-force-delete")
    assert settings.split([other], Settings((Suppression("s3-force-destroy", "because"),))) == ((other,), ())


@pytest.mark.parametrize(("source", "covered"), [("local", True), ("dev", False), ("", False)])
def test_a_source_limits_a_suppression_to_its_environment(source: str, covered: bool) -> None:
    off = Settings((Suppression("s3-force-destroy", "because", source="local"),))
    assert bool(settings.split([finding()], off, source)[1]) is covered


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[off", "is not TOML"),
        ('[[on]]\nrule = "x"', "contains 'on', which is not a known setting"),
        ("off = 3", "`off` is not a list of tables"),
        ('[off]\nrule = "s3-force-destroy"', "`off` is not a list of tables"),
        ('[[off]]\nreason = "because"', "number 1 has no rule"),
        ('[[off]]\nrule = "s3-force-destroy"', "without a reason"),
        ('[[off]]\nrule = "s3-force-destroy"\nreason = " "', "reason is not a text, or is empty"),
        ('[[off]]\nrule = "s3-force-destory"\nreason = "x"', "Did you mean 's3-force-destroy'?"),
        ('[[off]]\nrule = "s3-force-destroy"\nreason = "x"\nadress = "y"', "contains 'adress'"),
        ('[[off]]\nrule = 3\nreason = "x"', "rule is not a text"),
    ],
)
def test_the_message_describes_the_mistake(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(UserError) as refused:
        settings.read(written(tmp_path, text))
    assert problem in refused.value.problem
    assert "review.toml" in refused.value.problem
    assert refused.value.fix
    assert "\n" not in refused.value.problem + refused.value.fix


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "review.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match="cannot be read"):
        settings.read(path)


def test_this_repository_switches_rules_off_only_for_rehearsals() -> None:
    own = settings.read(ROOT / "review.toml")
    assert {(off.rule, off.source) for off in own.off} == {("s3-force-destroy", "local"), ("ecr-force-delete", "local")}
