"""What a .dockerignore excludes: the same as by Docker's own package, which also knows what is below a folder."""

from pathlib import Path, PurePosixPath

import pytest
from docker.utils.build import PatternMatcher
from hypothesis import example, given
from hypothesis import strategies as st

from scripts.container import ignored
from tests.conftest import ROOT

PATTERNS = st.text(alphabet="ab./*?![]^-#", max_size=8)
NAMES = st.lists(st.sampled_from(["a", "b", "ab", ".a", "A.b", "a-b", "[a]", "^"]), min_size=1, max_size=3).map(
    "/".join
)


def by_docker(names: list[str], ignore: str) -> list[str]:
    lines = [line.strip() for line in ignore.splitlines()]
    matcher = PatternMatcher([line for line in lines if line and not line.startswith("#")] + ["!Dockerfile"])
    kept = dict.fromkeys(names, True)
    for pattern in matcher.patterns:
        for name in names:
            if any(pattern.match(path) for path in [name, *map(str, PurePosixPath(name).parents[:-1])]):
                kept[name] = pattern.exclusion
    return [name for name in names if kept[name]]


@pytest.mark.filterwarnings("ignore:Possible:FutureWarning")  # of the package `docker`, at [[
@given(st.lists(PATTERNS, max_size=4), st.lists(NAMES, max_size=4, unique=True))
@example(["a/**/b", "!a/b/b", "[^]", "[!a]b"], ["a/b", "a/a/b", "a/b/b", "^", "ab"])
def test_any_pattern_excludes_what_it_excludes_for_docker(patterns: list[str], names: list[str]) -> None:
    ignore = "\n".join(patterns)
    try:
        expected = by_docker(names, ignore)
    except Exception:  # a range such as [b-a]: re.error
        with pytest.raises(ignored.PatternError):
            list(ignored.kept([*names, "x"], ignore))
        return
    assert list(ignored.kept(names, ignore)) == expected


def test_our_own_file_excludes_what_it_excludes_for_docker() -> None:
    ignore = (ROOT / "trainer" / ".dockerignore").read_text(encoding="utf-8-sig")
    endings = ("x.py", "a.png", "data/one.py", "data/one.txt", "deep/data/x/y.bin", ".git", ".gitignore", ".env.local")
    names = [path.relative_to(ROOT).as_posix() for path in Path(ROOT, "trainer").rglob("*") if path.is_file()]
    names += [folder + name for folder in ("", "some/") for name in (*endings, "Dockerfile", ".dockerignore", "runs/1")]
    assert list(ignored.kept(names, ignore)) == by_docker(names, ignore)


@pytest.mark.filterwarnings("error::FutureWarning")
def test_a_bracket_in_a_set_stands_for_itself() -> None:
    assert list(ignored.kept(["[a", "&a", "xa"], "[[&&]a")) == ["xa"]
