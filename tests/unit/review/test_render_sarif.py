"""review.sarif: what GitHub's code scanning needs of SARIF 2.1.0, and nothing that it would refuse.

https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support
"""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from scripts.core.printable import json_text
from scripts.review.model import Finding, Review, Severity, Shown, Status, SuppressedFinding
from scripts.review.render import sarif
from scripts.review.rules import RULES
from tests.unit.review import samples

TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
RULE = {
    "type": "object",
    "required": ["id", "shortDescription", "fullDescription", "help", "properties"],
    "properties": {
        "id": {"type": "string"},
        "shortDescription": TEXT,
        "fullDescription": TEXT,
        "help": TEXT,
        "helpUri": {"type": "string", "pattern": "^https://"},
        "properties": {"properties": {"security-severity": {"pattern": r"^\d+\.\d$"}}},
    },
}
RESULT = {
    "type": "object",
    "required": ["ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints"],
    "properties": {
        "level": {"enum": ["error", "warning", "note"]},
        "message": TEXT,
        "locations": {
            "type": "array",
            "minItems": 1,
            "maxItems": 10,
            "items": {
                "required": ["physicalLocation"],
                "properties": {
                    "physicalLocation": {
                        "required": ["artifactLocation", "region"],
                        "properties": {
                            "artifactLocation": {"properties": {"uri": {"type": "string", "pattern": "^[^/: ]"}}},
                            "region": {"properties": {"startLine": {"minimum": 1}}},
                        },
                    }
                },
            },
        },
        "partialFingerprints": {"required": ["primaryLocationLineHash"]},
    },
}
NEEDED = {
    "type": "object",
    "required": ["$schema", "version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "maxItems": 20,
            "items": {
                "required": ["tool", "results"],
                "properties": {
                    "tool": {
                        "properties": {
                            "driver": {"required": ["name", "rules"], "properties": {"rules": {"items": RULE}}}
                        }
                    },
                    "results": {"maxItems": 25_000, "items": RESULT},
                },
            },
        },
    },
}
"""The members that GitHub requires, in the words of the standard's own schema."""

REAL = "s3-public-access-open"


def reviewed(*findings: Finding, source: str = "plan.json", **members: Any) -> Review:
    return dataclasses.replace(samples.empty(source), findings=findings, **members)


def finding(
    address: str = "a.b", status: Status = Status.NEW, severity: Severity = Severity.HIGH, what: str = "It is open."
) -> Finding:
    return Finding(REAL, severity, status, Shown(address), "Open", Shown(what), "why", "Close it.", RULES[REAL].page)


def results(*reviews: Review) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sarif(reviews)["runs"][0]["results"]
    return found


def check(log: dict[str, Any]) -> None:
    Draft7Validator(NEEDED).validate(json.loads(json_text(log)))
    run = log["runs"][0]
    names = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(names) == len(set(names))
    assert [names[result["ruleIndex"]] for result in run["results"]] == [each["ruleId"] for each in run["results"]]


def test_it_has_what_github_needs() -> None:
    check(sarif([]))
    check(sarif([samples.empty()]))
    log = sarif(
        [reviewed(finding(), finding("c.d", Status.THERE, Severity.INFO)), reviewed(finding(), source="b.json")]
    )
    check(log)
    first, second, third = log["runs"][0]["results"]
    assert (first["level"], second["level"], third["level"]) == ("error", "error", "note")
    assert first["message"]["text"] == "a.b: It is open. Close it."
    assert first["locations"][0]["logicalLocations"] == [{"fullyQualifiedName": "a.b", "kind": "resource"}]
    assert second["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "b.json"
    assert [each["baselineState"] for each in (first, second, third)] == ["new", "new", "unchanged"]


def test_every_rule_can_be_written() -> None:
    findings = [dataclasses.replace(finding(), rule=rule.id, severity=rule.severity) for rule in RULES.values()]
    log = sarif([reviewed(*findings)])
    check(log)
    assert len(log["runs"][0]["tool"]["driver"]["rules"]) == len(RULES)


def test_what_the_change_fixes_and_what_is_switched_off_raises_no_alert() -> None:
    off = SuppressedFinding(finding("off.off"), "A test.")
    assert results(reviewed(finding(status=Status.FIXED), suppressed=(off,))) == []


def test_the_same_finding_has_the_same_fingerprint_in_every_run_and_two_have_two() -> None:
    def prints(*findings: Finding) -> list[str]:
        return [each["partialFingerprints"]["primaryLocationLineHash"] for each in results(reviewed(*findings))]

    once, again = prints(finding(), finding("c.d"), finding()), prints(finding("e.f"), finding(what="Otherwise."))
    assert len(set(once)) == 3
    assert again[1] == once[0], "the sentence may be worded anew"


@pytest.mark.parametrize("text", ['a.b["](https://evil)"]', "[Approved](https://evil)", "x](y)](z)"])
def test_no_text_of_a_plan_becomes_a_link(text: str) -> None:
    (result,) = results(reviewed(finding(text, what=text)))
    assert "](" not in result["message"]["text"]
    assert result["message"]["text"].count("evil") == 2 * text.count("evil")


def test_hostile_texts_are_visible_and_bounded() -> None:
    (result,) = results(reviewed(finding("a.b\u202e\x1b[2J" + "x" * 5_000, what="\ud800" * 5_000)))
    check(sarif([reviewed(finding("a.b\u202e\x1b[2J" + "x" * 5_000, what="\ud800" * 5_000))]))
    assert "\u202e" not in json.dumps(result, ensure_ascii=False)
    assert len(result["message"]["text"]) < 2_500


@pytest.mark.parametrize(
    ("source", "uri"),
    [
        ("plan.json", "plan.json"),
        ("a b/plan#1.json", "a%20b/plan%231.json"),
        ("stdin", "stdin"),
        ("/elsewhere/plan.json", "plan.json"),
        ("../plan.json", "plan.json"),
        ("javascript:alert(1)", "javascript%3Aalert%281%29"),
    ],
)
def test_the_plan_s_file_is_a_relative_address(source: str, uri: str) -> None:
    (result,) = results(reviewed(finding(), source=source))
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_an_absolute_path_within_the_working_folder_becomes_relative(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (result,) = results(reviewed(finding(), source=str(tmp_path / "build/plan.json")))
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "build/plan.json"


def test_a_run_has_no_more_results_than_github_takes_and_those_are_the_most_severe() -> None:
    many = [finding(f"a.b[{index}]", severity=Severity.LOW) for index in range(25_000)]
    log = sarif([reviewed(*many, finding("worst.one", severity=Severity.CRITICAL))])
    run = log["runs"][0]
    assert len(run["results"]) == 25_000
    assert run["results"][0]["message"]["text"].startswith("worst.one: ")
    assert run["properties"] == {"leftOut": 1}


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("aws_s3_bucket.b", ("live/main.tf", 2)),
        ('aws_s3_bucket.b["a.b"]', ("live/main.tf", 2)),
        ("data.aws_s3_bucket.b", ("live/main.tf", 6)),
        ("module.net.aws_vpc.v", ("modules/net/vpc.tf", 1)),
        ('module.net["x"].module.inner.aws_vpc.w[0]', ("modules/net/inner/w.tf", 3)),
        ("module.registry.aws_vpc.v", ("live/plan.json", 1)),
        ("module.outside.aws_vpc.v", ("live/plan.json", 1)),
        ("aws_s3_bucket.commented", ("live/plan.json", 1)),
        ("(the plan)", ("live/plan.json", 1)),
    ],
)
def test_a_result_is_where_a_file_declares_its_resource(
    address: str, place: tuple[str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "repository"
    files = {
        "live/main.tf": """# Buckets
resource "aws_s3_bucket" "b" {
  bucket = "b"
}

data "aws_s3_bucket" "b" {}
# resource "aws_s3_bucket" "commented" {}
module "net" {
  for_each = {}
  source   = "../modules/net"
}
module "registry" {
  source = "terraform-aws-modules/vpc/aws"
}
module "outside" {
  source = "../../outside"
}
""",
        "modules/net/vpc.tf": 'resource "aws_vpc" "v" {\n}\nmodule "inner" {\n  source = "./inner"\n}\n',
        "modules/net/inner/w.tf": '\n\n  resource "aws_vpc" "w" {}\n',
        "../outside/v.tf": 'resource "aws_vpc" "v" {}\n',
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(root)
    [result] = results(reviewed(finding(address), source="live/plan.json"))
    physical = result["locations"][0]["physicalLocation"]
    assert (physical["artifactLocation"]["uri"], physical["region"]["startLine"]) == place
    assert result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == address
