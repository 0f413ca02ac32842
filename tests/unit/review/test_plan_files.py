"""Files that hold a plan's JSON: their encodings, what is around the JSON, and the messages for other files."""

import gzip
import json
import re
from typing import Any

import pytest

from scripts.core.errors import UserError
from scripts.review.reading import decoded, read
from tests.unit.review.plans import document, plan, resource


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "p.json is empty."),
        (" \n", "p.json is empty."),
        ("PK\x03\x04\x14", "p.json is a saved plan, not its JSON."),
        ("Terraform will perform", "p.json is not JSON (line 1, column 1)."),
        ('{"format_version": "1.2",\n  oops}', "p.json is broken JSON at line 2, column 3: "),
        ('{"format_version": "1.2"', "p.json is broken JSON at line 1, column 25: "),
        ("[" * 200_000, "p.json contains JSON that cannot be read"),
        ('{"a": ' + "1" * 5000 + "}", "p.json contains JSON that cannot be read"),
        ("[]", "p.json is JSON, but not a plan."),
        ("3", "p.json is JSON, but not a plan."),
        ("{}", "p.json is JSON, but not a plan: it has no format_version."),
        ('{"version": 4, "serial": 3, "lineage": "x", "resources": []}', "p.json is a Terraform state, not a plan."),
        ('{"format_version": "1.0", "values": {}}', "p.json is the JSON of a state"),
        ('{"format_version": "1.0"}', "p.json is the JSON of a state"),
        ('{"format_version": "1.0", "provider_schemas": {}}', "p.json is not the JSON of a plan."),
        ('{"format_version": "2.0", "resource_changes": []}', "p.json has the plan format 2.0; this review reads"),
        ('{"format_version": "0.3", "resource_changes": []}', "p.json has the plan format 0.3; this review reads"),
        ('{"format_version": "1.2", "a": 1}\n{"b": 2}', "p.json is broken JSON at line 1, column 34: More follows"),
        ('[\n{"format_version": "1.2"}\n]', "p.json is JSON, but not a plan."),
        ('Warning: x\n{"@level": "info"}', "p.json is a log of terraform plan -json, not a plan."),
        ('Warning: x\n\n{"format_version": oops', "p.json is broken JSON at line 3, column 20: "),
        ("[command]terraform show -json p", "p.json is broken JSON at line 1, column 2: "),
        ('{"@level": "info"}\n{"@level": "info"}', "p.json is a log of terraform plan -json, not a plan."),
        ('{"format_version": "1.2", "resource_changes": {}}', "p.json: resource_changes is not a list."),
        ('{"format_version": "1.2", "resource_changes": [1]}', "p.json: resource_changes[0] contains no change."),
        (
            '{"format_version": "1.2", "resource_changes": [{"change": {}}]}',
            "p.json: resource_changes[0] has no address.",
        ),
        ('{"format_version": "1.2", "output_changes": []}', "p.json: output_changes is not an object."),
        ('{"format_version": "1.2", "output_changes": {"o": 1}}', "p.json: output_changes.o is not an object."),
        ('{"format_version": "1.2", "deferred_changes": [1]}', "p.json: deferred_changes[0] is not an object."),
    ],
)
def test_wrong_files_give_a_two_line_error(text: str, problem: str) -> None:
    with pytest.raises(UserError, match="^" + re.escape(problem)) as caught:
        read(text, "p.json")
    assert len(str(caught.value).splitlines()) == 2
    assert caught.value.fix


WRAPPED = (
    "[command]/home/runner/_temp/0a/terraform-bin show -json p\n{}\n\n::debug::Terraform exited with code 0.\n::debug::"
)


@pytest.mark.parametrize(
    "around",
    [
        WRAPPED + "::debug::stdout: {{}}\n::set-output name=exitcode::0\n",
        "{}\n::debug::Terraform exited with code 0.\n",
        "\x1b[33m\u2577\x1b[0m\n\x1b[33m\u2502\x1b[0m \x1b[1mWarning: deprecated\x1b[0m\n\x1b[0m{}\n",
        "Acquiring state lock. This may take a few moments...\n{}",
        "\n  {}\n",
    ],
)
def test_lines_of_other_programs_around_the_json_are_skipped(around: str) -> None:
    raw = json.dumps(document(resource("a.b", ("create",), None, {"x": "{"})), indent=1)
    assert read(around.format(raw), "p") == read(raw, "p")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32-le"])
@pytest.mark.parametrize("before", ["", "\x1b[0mWärnung\n"])
def test_every_encoding_is_read_with_a_mark_and_without(encoding: str, before: str) -> None:
    raw = before + json.dumps(document(resource("a.b", ("create",), None, {"x": "ü"})), ensure_ascii=False)
    assert read(decoded(raw.encode(encoding), "p"), "p") == read(raw, "p")
    assert decoded(gzip.compress(raw.encode(encoding)), "p") == decoded(raw.encode(encoding), "p")


def test_a_byte_order_mark_is_accepted() -> None:
    assert read("\N{ZERO WIDTH NO-BREAK SPACE}" + json.dumps(document()), "p").format_version == "1.2"


@pytest.mark.parametrize("broken", [b"\x1f\x8b", b"\x1f\x8bnothing", gzip.compress(b"{" * 99, mtime=0)[:-9]])
def test_a_broken_gzip_file_is_told_in_two_lines(broken: bytes) -> None:
    with pytest.raises(UserError, match=r"^p is a broken gzip file: .*\.\nPack it again"):
        decoded(broken, "p")


def test_a_gzip_bomb_is_not_unpacked() -> None:
    with pytest.raises(UserError, match=r"p unpacks to more than 2\.0 MB"):
        decoded(gzip.compress(bytes(3_000_000)), "p", 2_000_000)


@pytest.mark.parametrize("actions", [[], ["explode"], ["delete", "create", "delete"], None, "create", [["create"]]])
def test_an_unknown_action_is_refused(actions: Any) -> None:
    entry = resource("a.b", before={}, after={})
    entry["change"]["actions"] = actions
    with pytest.raises(UserError, match=r"resource_changes\[0\] \(a.b\): this review does not know the actions .*\."):
        plan(entry)


def test_values_that_are_not_an_object_are_refused() -> None:
    with pytest.raises(UserError, match=r"resource_changes\[0\].change.after is not an object"):
        plan(resource("a.b", before={}, after="text"))  # type: ignore[arg-type]
