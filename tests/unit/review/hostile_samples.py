"""Sample reviews with hostile texts in every place for text: written out, and made by Hypothesis."""

from dataclasses import replace

from hypothesis import strategies as st

from scripts.review.model import (
    Action,
    ChangeView,
    Difference,
    Finding,
    Permission,
    PrincipalChange,
    Review,
    Severity,
    Shown,
    Status,
    SuppressedFinding,
)
from tests.unit.review.samples import S3_PAGE, difference

# Texts that the author of a pull request may put into a key, a tag or a message.
NASTY = (
    "<script>document.title='run'</script>",
    "</noscript><script>document.title='run'</script>",
    "<img src=x onerror=\"document.title='run'\">",
    "a|b\\|c",
    "`` ``` ` ````",
    "@octocat and someone@example.com",
    "#123 and owner/repo#4 and GH-5",
    "https://evil.example/x and www.evil.example",
    "[text](https://evil.example) ![image](//evil.example/x.png)",
    "first\n\n# heading\n</details>\n```\n- item",
    "\u05d0\u05d1\u05d2 \u0627\u0644\u0639\u0631\u0628\u064a\u0629 \u202egnp.exe\u202c",
    "\x1b[2J\x1b[31mred\x07 \ud800",
    "{{ 7 * 7 }} {% raw %} $x$ &amp; <!-- --> --> ]]>",
    "**bold** _it_ ~~gone~~ :smile: ~~~ 1. * - +",
)


def everything() -> Review:
    """A review with every field filled, and every nasty text in every place for text."""
    nasty = [
        ChangeView(
            Shown(f'module.m["{text}"].aws_s3_bucket.b["{text}"]'),
            Shown(f'module.m["{text}"]'),
            "aws_s3_bucket",
            list(Action)[place % len(Action)],
            "label",
            Shown(f"why {text}"),
            previous_address=Shown(f'aws_s3_bucket.old["{text}"]' if place % 3 == 0 else ""),
            import_id=Shown(text if place % 3 == 1 else ""),
            differences=(
                difference(f"tags.{text}", text, text[::-1]),
                difference("long", "x" * 50_000, f"{text}\n" * 90),
            ),
            folded=place,
            reverts_drift=place % 2 == 0,
            reordered=place == 3,
        )
        for place, text in enumerate(NASTY)
    ]
    kinds = [(severity, status) for severity in reversed(Severity) for status in Status]
    found = [
        Finding(
            "rule-id",
            severity,
            status,
            nasty[place % len(nasty)].address,
            f"Title {text}",
            Shown(f"What {text}."),
            text,
            text,
            S3_PAGE,
        )
        for place, ((severity, status), text) in enumerate(zip(kinds * 2, NASTY * 3, strict=False))
    ]
    permission = [
        Permission(
            "Deny",
            Shown(f"s3:{text}"),
            Shown(text),
            Shown(text),
            ("escalates", "public"),
            *((text, f"after {text}") if grows else ()),
        )
        for text in NASTY
        for grows in (False, True)
    ]
    return Review(
        source=NASTY[0],
        terraform_version="1.11.4",
        verdict=Shown(" ".join(NASTY)),
        summary=tuple(map(Shown, NASTY)),
        counts={"create": 1, "update": 2, "replace": 1, "destroy": 2, "import": 5, "move": 5, "forget": 2, "read": 2},
        findings=tuple(found),
        suppressed=tuple(SuppressedFinding(each, f"Because {each.why}") for each in found[: len(NASTY)]),
        permissions=(
            *(
                PrincipalChange(
                    Shown(text),
                    kind,
                    Shown(f"aws_iam_role.r[{text}]"),
                    tuple(permission[:2]),
                    tuple(permission[2:3]),
                    is_new=kind == "trust",
                )
                for text, kind in zip(NASTY, ("identity", "resource", "trust") * 9, strict=False)
            ),
            PrincipalChange(Shown("*"), "resource", Shown("aws_s3_bucket.b"), tuple(permission), tuple(permission)),
            PrincipalChange(
                Shown("*"),
                "resource",
                Shown("aws_s3_bucket.b"),
                unknown=Shown(f"mentions {NASTY[0]}"),
                known=(permission[0],),
            ),
        ),
        changes=tuple(nasty),
        drift=tuple(nasty[:5]),
        outputs=tuple(difference(text, None, text) for text in NASTY),
        deferred=tuple(nasty[5:7]),
        digest="2c26b46b68ffc68ff99b453c1d304134",
        errored=True,
        complete=False,
        applyable=False,
    )


def one_of_each() -> Review:
    """A review with every field filled, and each kind of finding, principal and change once."""
    full = everything()
    kinds = {(finding.severity, finding.status): finding for finding in full.findings}
    return replace(
        full,
        verdict=Shown(NASTY[0]),
        summary=full.summary[:2],
        findings=tuple(kinds.values()),
        suppressed=full.suppressed[:1],
        permissions=(*full.permissions[:3], full.permissions[-1]),
        changes=full.changes[: len(Action)],
        drift=full.drift[:1],
        outputs=full.outputs[:1],
        deferred=full.deferred[:1],
    )


_texts = st.one_of(
    st.sampled_from(NASTY),
    st.text(max_size=40),
    st.text(alphabet="`|\\<>@#*_[]()!~:/.&$\"' \n\r\tahtpsw-+=1", max_size=30),
)

_some_differences = st.lists(
    st.builds(Difference, _texts, st.none() | _texts, st.none() | _texts, st.booleans()), max_size=2
).map(tuple)

_some_changes = st.lists(
    st.builds(
        ChangeView,
        _texts,
        _texts,
        _texts,
        st.sampled_from(Action),
        label=_texts,
        why=_texts,
        previous_address=_texts,
        import_id=_texts,
        differences=_some_differences,
        folded=st.integers(0, 9),
        reverts_drift=st.booleans(),
        reordered=st.booleans(),
    ),
    max_size=3,
).map(tuple)

_findings = st.builds(
    Finding, _texts, st.sampled_from(Severity), st.sampled_from(Status), _texts, _texts, _texts, _texts, _texts, _texts
)

_permissions = st.lists(
    st.builds(Permission, _texts, _texts, _texts, _texts, st.lists(_texts, max_size=2).map(tuple), _texts, _texts),
    max_size=2,
).map(tuple)

_principals = st.builds(
    PrincipalChange, _texts, _texts, _texts, _permissions, _permissions, _texts, _permissions, is_new=st.booleans()
)

any_reviews = st.builds(
    Review,
    source=_texts,
    terraform_version=_texts,
    verdict=_texts,
    summary=st.lists(_texts, max_size=2).map(tuple),
    counts=st.dictionaries(st.sampled_from(("create", "update", "import")), st.integers(0, 20_000)),
    findings=st.lists(_findings, max_size=3).map(tuple),
    suppressed=st.lists(st.builds(SuppressedFinding, _findings, _texts), max_size=2).map(tuple),
    permissions=st.lists(_principals, max_size=2).map(tuple),
    changes=_some_changes,
    drift=_some_changes,
    outputs=_some_differences,
    deferred=_some_changes,
    digest=_texts,
    errored=st.booleans(),
    complete=st.booleans(),
    applyable=st.booleans(),
)
