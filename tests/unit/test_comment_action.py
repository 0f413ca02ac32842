"""actions/comment: its step is run as a runner runs it, against a server that answers as GitHub does."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from scripts.review.pages import COMMENT
from scripts.review.render import markdown
from scripts.review.rules import RULES
from tests.conftest import ROOT, clean_environment
from tests.unit.comments_server import LONGEST, Comments, serving
from tests.unit.review import samples

ACTION = ROOT / "actions/comment"
MARK = "<!-- trainyard-review: terraform -->"
PAGE = "https://github.com/o/r/actions/runs/1/artifacts/2"
STEPS: list[dict[str, Any]] = YAML(typ="safe").load(ACTION / "action.yml")["runs"]["steps"]


@pytest.fixture
def github() -> Iterator[Comments]:
    with serving() as comments:
        yield comments


def comment(github: Comments, folder: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run the action's second step; the first has put the artifact there."""
    environment = {
        **clean_environment(),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "GITHUB_API_URL": github.url,
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "o/r",
        "RUNNER_TEMP": str(folder),
        "ACTION": str(ACTION),
        "AUTHOR": "github-actions[bot]",
        "NAME": "terraform",
        "NUMBER": "7",
        "PAGE": PAGE,
        "TOKEN": "a-token",
        **variables,
    }
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS[1]["run"]]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def program() -> ModuleType:
    specification = importlib.util.spec_from_file_location("comment", ACTION / "comment.py")
    assert specification
    assert specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


Write = Callable[[], str]


@pytest.fixture
def write(github: Comments, program: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a comment without waiting between attempts; returns what was done."""
    monkeypatch.setattr(program, "PAUSE", 0)
    api = program.Api(github.url, "o/r", "7", "a-token")
    return lambda: program.write(api, "github-actions[bot]", f"{MARK}\nA page.\n")


def artifact(folder: Path, page: str | bytes = "### Plan of `dev`\n") -> Path:
    file = folder / "trainyard-comment/review.md"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(page.encode() if isinstance(page, str) else page)
    return file


def two_lines(ended: "subprocess.CompletedProcess[str]") -> str:
    assert ended.returncode == 2, ended.stdout + ended.stderr
    lines = ended.stderr.splitlines()
    assert [line[:7] for line in lines] == ["Error: ", "Fix:   "], lines
    return ended.stderr


def test_every_step_runs_nothing_of_the_pull_request() -> None:
    assert [step.get("uses", "").partition("@")[0] for step in STEPS] == ["actions/download-artifact", ""]
    assert "${{" not in STEPS[1]["run"], "what others wrote must not become a script"
    assert STEPS[1]["run"].startswith("python3 -I "), "no module of the working folder is imported"


def test_it_writes_a_comment_and_then_updates_it(github: Comments, tmp_path: Path) -> None:
    artifact(tmp_path)
    (tmp_path / "json.py").write_text("raise SystemExit('imported')")
    ended = comment(github, tmp_path)
    assert (ended.returncode, ended.stdout) == (0, "The comment is written.\n"), ended.stderr
    artifact(tmp_path, "### Another plan\n")
    ended = comment(github, tmp_path)
    assert (ended.returncode, ended.stdout) == (0, "The comment is updated.\n"), ended.stderr
    (written,) = github.found
    assert written["body"].splitlines()[0] == MARK
    assert f"[The whole review]({PAGE})" in written["body"].splitlines()[1]
    assert "can change it" in written["body"].splitlines()[1]
    assert written["body"].endswith("\n\n### Another plan\n")
    assert github.tokens == {"Bearer a-token"}


def test_it_finds_its_comment_among_hundreds_and_touches_no_other(github: Comments, tmp_path: Path) -> None:
    artifact(tmp_path)
    for number in range(230):
        github.add(f"Comment {number}\n{MARK}")
    github.add(f"{MARK}\nA person's copy.", "ada")
    github.add(f"{MARK}\nAnother bot's.", "other[bot]")
    github.add("<!-- trainyard-review: terraform-eu -->\nAnother environment's.")
    github.found.append({"id": 9, "body": None, "user": None})
    mine = github.add(f"{MARK}\r\nOlder.")
    before = [dict(each) for each in github.found]
    assert comment(github, tmp_path).returncode == 0
    changed = [each["id"] for each, old in zip(github.found, before, strict=True) if each != old]
    assert changed == [mine]
    assert [call.split()[0] for call in github.seen] == ["GET", "GET", "GET", "PATCH"]


def test_several_reviews_have_a_comment_each(github: Comments, tmp_path: Path) -> None:
    artifact(tmp_path)
    for name in ("dev", "prod/eu 1", "dev"):
        assert comment(github, tmp_path, NAME=name).returncode == 0
    assert [each["body"].splitlines()[0] for each in github.found] == [
        "<!-- trainyard-review: dev -->",
        "<!-- trainyard-review: prod/eu 1 -->",
    ]


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"NUMBER": ""}, "NUMBER is ''"),
        ({"NUMBER": "7/../../../o/private/issues/1"}, "NUMBER is"),
        ({"NUMBER": "7\n"}, "NUMBER is"),
        ({"NUMBER": "٧"}, "NUMBER is"),
        ({"NUMBER": "0"}, "NUMBER is"),
        ({"GITHUB_REPOSITORY": "o/r/../x"}, "GITHUB_REPOSITORY is"),
        ({"NAME": "a --> b"}, "NAME is"),
        ({"NAME": "a--b"}, "NAME is"),
        ({"NAME": "\u202e"}, "NAME is"),
        ({"PAGE": "https://evil.example/o/r/actions/runs/1"}, "PAGE is"),
        ({"PAGE": f"{PAGE}) ![](https://evil.example/a.png"}, "PAGE is"),
    ],
)
def test_an_input_that_others_chose_is_checked(
    github: Comments, tmp_path: Path, variables: dict[str, str], named: str
) -> None:
    artifact(tmp_path)
    assert named in two_lines(comment(github, tmp_path, **variables))
    assert github.seen == []


@pytest.mark.parametrize("kind", ["missing", "link", "folder", "pipe", "link to a folder"])
def test_only_a_plain_file_is_read(github: Comments, tmp_path: Path, kind: str) -> None:
    file = artifact(tmp_path)
    file.unlink()
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    if kind == "link":
        file.symlink_to(secret)
    elif kind == "link to a folder":
        file.symlink_to(tmp_path)
    elif kind == "folder":
        file.mkdir()
    elif kind == "pipe":
        os.mkfifo(file)
    assert "review.md of the artifact cannot be read" in two_lines(comment(github, tmp_path))
    assert github.seen == []


def test_a_page_that_is_too_long_or_not_utf8_becomes_a_comment(github: Comments, tmp_path: Path) -> None:
    artifact(tmp_path, b"\xff\xfe\x00### Plan\r\n" + "```diff\n+ ü@octocat\n".encode() * 60_000)
    ended = comment(github, tmp_path)
    assert ended.returncode == 0, ended.stderr
    body = github.found[0]["body"]
    assert len(body) <= LONGEST
    assert body.startswith(MARK)
    assert "The whole review" in body.splitlines()[1], "a block that is not closed hides nothing of ours"
    assert body.endswith("_Cut here: this comment has GitHub's longest length._\n")


def test_the_page_cannot_make_itself_another_comment_s(github: Comments, tmp_path: Path) -> None:
    artifact(tmp_path, "<!-- trainyard-review: prod -->\n<!-- hidden --> /approve\n/approve\n")
    assert comment(github, tmp_path).returncode == 0
    page = github.found[0]["body"].split("\n\n", 1)[1]
    assert "<!--" not in page
    assert not any(line.lstrip().startswith("/") for line in page.splitlines())


def test_the_answer_to_a_missing_right_is_told(github: Comments, tmp_path: Path) -> None:
    artifact(tmp_path)
    github.failing = lambda method, _count: (403, {}) if method == "POST" else None
    text = two_lines(comment(github, tmp_path))
    assert "GitHub refuses the comment (403): Resource not accessible ::error::by integration." in text
    assert "pull-requests: write" in text
    assert len(github.seen) == 2


def test_a_refused_text_is_told_once(github: Comments, tmp_path: Path) -> None:
    artifact(tmp_path)
    github.failing = lambda method, _count: (422, {}) if method == "POST" else None
    assert "refuses the comment (422)" in two_lines(comment(github, tmp_path))
    assert len(github.seen) == 2


@pytest.mark.parametrize("refusal", [(500, {}), (502, {}), (429, {}), (403, {"Retry-After": "1"})])
def test_a_failure_that_passes_leaves_one_comment(
    github: Comments, write: Write, refusal: tuple[int, dict[str, str]]
) -> None:
    github.failing = lambda _method, count: refusal if count == 1 else None
    assert write() == "written"
    assert len(github.found) == 1


def test_a_written_comment_whose_answer_was_lost_is_not_written_twice(github: Comments, write: Write) -> None:
    def lose(method: str, count: int) -> tuple[int, dict[str, str]] | None:
        if method == "POST" and count == 2:
            github.add(f"{MARK}\nWritten, and nobody was told.")
            return 502, {}
        return None

    github.failing = lose
    assert write() == "updated"
    assert len(github.found) == 1


def test_a_server_that_stays_down_ends_the_attempts(github: Comments, program: ModuleType, write: Write) -> None:
    github.failing = lambda _method, _count: (503, {})
    with pytest.raises(program.CommentError, match="has not taken the comment in 3 attempts: it answers with 503"):
        write()
    assert len(github.seen) == 3


def test_a_comment_that_is_deleted_meanwhile_is_written_anew(github: Comments, tmp_path: Path) -> None:
    artifact(tmp_path)
    github.add(f"{MARK}\nOld.")

    def delete(method: str, _count: int) -> None:
        if method == "PATCH":
            github.found.clear()

    github.failing = delete
    ended = comment(github, tmp_path)
    assert (ended.returncode, ended.stdout) == (0, "The comment is written.\n"), ended.stderr


def test_the_token_follows_no_redirection(github: Comments, tmp_path: Path) -> None:
    artifact(tmp_path)
    with serving() as other:
        github.failing = lambda _method, _count: (307, {"Location": f"{other.url}/repos/o/r/issues/7/comments"})
        assert "(307)" in two_lines(comment(github, tmp_path))
        assert other.seen == []


HOSTILE = (
    ("@octocat and @org/team, mail@example.org", r"@[A-Za-z0-9]"),
    ("&#64;octocat &commat;octocat", r"&[#A-Za-z]"),
    ("![x](https://evil/a.png) [x](//evil) [x][y]\n\n[y]: https://evil", r"\][(:\[]|://"),
    ("https://evil HTTP://evil www.evil.example WWW.evil", r"://|(?i:\bwww\.)"),
    ("<img src=x> <a href=x>x</a> <!-- x --> <?x <https://evil>", r"<[A-Za-z/!?]"),
    ("<https://docs.aws.amazon.com.evil/> <https://docs.aws.amazon.com@evil/>", r"<h|://"),
    ("fixes #12, GH-12, gh-12, o/r#12", r"#\d|(?i:\bGH-\d)"),
    ("/approve\n  /merge\n\t/x", r"(?m)^[ \t]*/"),
    ("```mermaid\ngraph\n```\n~~~geojson\n", r"(```|~~~)[a-z]"),
    ("\u202eevil\x00\x1b[2J\u200b@x\r", "[\u202e\x00\x1b\r]"),
)


@pytest.mark.parametrize(("text", "obeyed"), HOSTILE)
def test_what_github_would_obey_is_taken_from_a_page(program: ModuleType, text: str, obeyed: str) -> None:
    assert re.search(obeyed, text), "the test itself"
    shown = program.tamed(text)
    assert not re.search(obeyed, shown), shown
    assert shown.replace(program.BREAK, "")[:4] == text[:4].replace("\u202e", "\\u202e")[:4]


@given(st.text(st.sampled_from("@<>!-[]():/#&;w.`~\\n1ax \n\t$GH"), max_size=40))
def test_no_text_is_obeyed(program: ModuleType, text: str) -> None:
    shown = program.tamed(text)
    for _, obeyed in HOSTILE[:-2]:
        allowed = re.sub(program.KNOWN, "", shown)
        assert not re.search(obeyed, allowed), (text, shown)


def test_what_the_review_writes_stays_as_it_is(program: ModuleType) -> None:
    for review in (samples.empty(), samples.three(), samples.numbered(40)):
        page = markdown([review], COMMENT)
        assert program.tamed(page).replace(program.BREAK, "") == page
        assert program.tamed(page).count("<details>") == page.count("<details>")
        shown = program.comment(page, "terraform", PAGE)
        assert len(shown) <= LONGEST


def test_the_pages_of_all_rules_stay_links(program: ModuleType) -> None:
    for rule in RULES.values():
        assert urlsplit(rule.page).scheme == "https"
        assert program.tamed(f"<{rule.page}>") == f"<{rule.page}>"
    assert json.dumps(program.tamed("<https://docs.aws.amazon.com/a b>")) != '"<https://docs.aws.amazon.com/a b>"'
