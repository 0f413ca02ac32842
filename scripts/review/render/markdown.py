"""review.md: a Review as a comment on a pull request, within GitHub's length limit.

It uses lists and `diff` blocks for texts from the plan, and no tables (see `escaping`). Every line of a block starts
with a sign of our own, so no text can end the block.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from ...core.printable import visible
from ..model import Action, ChangeView, Difference, Finding, PrincipalChange, Review, Status
from . import words
from .budget import Block, Item, Section, fill
from .escaping import code, line, link, prose

_NAME, _VALUE, _TEXT = 200, 160, 700
_LINES = 40  # of a script; the lines are as long as another value
_DIFFERENCES = 12
_PLACES = 10
_PERMISSIONS = 12
# These signs colour a line of a diff block green, red, orange or grey.
_COLOURS = {
    Action.CREATE: "+",
    Action.READ: "#",
    Action.UPDATE: "!",
    Action.REPLACE: "-",
    Action.DESTROY: "-",
    Action.FORGET: "-",
    Action.NO_OP: "#",
}
_DIFF, _END = "```diff\n", "```\n\n"


def markdown(reviews: Sequence[Review], limit: int = 65_536) -> str:
    """Write the reviews as one comment.

    Args:
        reviews: one for each plan.
        limit: its maximum length, at least 2,000 characters; GitHub accepts 65,536.

    Returns:
        GitHub Flavored Markdown of at most ``limit`` characters, with a count of what it leaves out.
    """
    if len(reviews) == 1:
        return _review(reviews[0], limit)
    plans = [Item("", partial(_line, review)) for review in reviews]
    overview = Section(
        f"## {words.plural(len(reviews), 'Terraform plan')}\n\n", [Block("", plans, "\n")], "", "plan", 0.3
    )
    text = fill([overview], limit // 2)
    for place, review in enumerate(reviews):
        # Room that a small plan does not need goes to the plans after it. The last 100 characters are for the note
        # below.
        room = (limit - 100 - len(text)) // (len(reviews) - place)
        part = _review(review, room)
        if len(part) >= room:
            left = words.plural(len(reviews) - place, "plan")
            return f"{text}_No room for the changes of {left}: review.html has them._\n"
        text += f"{part}\n"
    return text


def _line(review: Review) -> str:
    counted = ", ".join(f"{count:,} {name}" for name, count in words.counts(review)) or "no changes"
    return f"- {code(review.source, _NAME)}: {prose(review.verdict, 300)} ({counted})\n"


def _review(review: Review, room: int) -> str:
    """One review in ``room`` characters; longer only if even its head does not fit."""
    head = ""
    for length in (1_200, 300, 100):
        head = _head(review, length)
        if len(head) <= room:
            break
    return (head + fill(_sections(review), room - len(head))).rstrip("\n") + "\n"


def _head(review: Review, length: int) -> str:
    counted = ", ".join(f"**{count:,}** {name}" for name, count in words.counts(review)) or "no changes"
    lines = [f"### Plan of {code(review.source, min(length, _NAME))}", ""]
    for warning in words.warnings(review):
        lines += ["> [!CAUTION]", f"> {warning}", ""]
    verdict = prose(review.verdict, length)
    lines += [f"**{verdict}**", ""] if verdict else []
    label, approval = words.approval(review)
    lines += [f"{prose(fact, length)}<br>" for fact in review.summary if fact.strip()]
    lines += [
        f"Changes: {counted}<br>",
        f"Findings: {words.severities(words.open_findings(review)) or 'none'}<br>",
        f"Permissions: {words.permissions(review)}<br>",
        f"{label}: {code(approval, 72)}",
    ]
    return "\n".join(lines) + "\n\n"


def _sections(review: Review) -> Iterator[Section]:
    """The sections after the head, the most important first."""
    still = words.open_findings(review)
    fixed = [finding for finding in review.findings if finding.status is Status.FIXED]
    serious = [each for group in words.by_rule(words.serious(review)) for each in group]
    if serious:
        items = [Item(finding.severity.name.lower(), partial(_line_of_finding, finding)) for finding in serious]
        yield Section("", [Block("", items, "\n")], "", "finding", 0.3)
    if still:
        blocks = [_card(group) for group in words.by_rule(still)]
        opening = f"<details><summary>Findings: {words.plural(len(still), 'finding')}</summary>\n\n"
        yield Section(opening, blocks, "</details>\n\n", "finding", 0.45)
    for title, changes in (
        ("What existing principals gain and lose", words.existing(review)),
        ("What new principals and resources get", words.new(review)),
    ):
        items = [Item("", partial(_principal, change)) for change in changes]
        if items:
            yield Section(*_collapsed(title, items, fenced=True), "principal", 0.4)
    yield from _changes("Resources", "change", words.real(review), 0.7)
    yield from _changes("Only reordered", "update", words.reordered(review), 0.2)
    yield from _changes("In Terraform's state only", "change", words.state_only(review), 0.4)
    yield from _changes("Changed outside of Terraform", "resource", review.drift, 0.4)
    yield from _changes("Deferred to a later plan", "change", review.deferred, 0.4)
    if review.outputs:
        whole, short = ([Item("", partial(_output, each, most)) for each in review.outputs] for most in (_LINES, 1))
        yield Section(*_collapsed("Outputs", whole, fenced=True), "output", 0.4, [[Block(_DIFF, short, _END)]])
    if fixed:
        items = [Item(finding.severity.name.lower(), partial(_short_finding, finding)) for finding in fixed]
        yield Section(*_collapsed("Findings that this change fixes", items), "finding", 0.5)
    if review.suppressed:
        items = [
            Item(each.finding.severity.name.lower(), partial(_short_finding, each.finding, each.reason))
            for each in review.suppressed
        ]
        yield Section(*_collapsed("Findings switched off in review.toml", items), "finding", 1)


def _collapsed(title: str, items: Sequence[Item], *, fenced: bool = False) -> tuple[str, list[Block], str]:
    block = Block(_DIFF, items, _END) if fenced else Block("", items, "\n")
    return f"<details><summary>{title}: {len(items):,}</summary>\n\n", [block], "</details>\n\n"


def _line_of_finding(finding: Finding) -> str:
    there = "" if finding.status is Status.NEW else f" ({finding.status})"
    severity = finding.severity.name.lower()
    return f"- **{severity}**{there} {code(finding.address, _NAME)}: {prose(finding.what, _TEXT)}\n"


def _card(listed: Sequence[Finding]) -> Block:
    """The findings of one rule: its resources, then why it matters and what to do."""
    first = listed[0]
    severity = first.severity.name.lower()
    items = [Item(severity, partial(_place, finding)) for finding in listed[:_PLACES]]
    left = len(listed) - _PLACES
    more = f"  - and {words.plural(left, 'more resource')}: review.html has them\n" if left > 0 else ""
    reason = (
        f"{more}\n  {prose(first.why, _TEXT)}<br>**Fix:** {prose(first.fix, _TEXT)}<br>"
        f"{code(first.rule, _NAME)} {link(first.page)}\n\n"
    )
    return Block(f"- **{severity}**, {words.statuses(listed)}: {prose(first.title, _TEXT)}\n", items, reason)


def _place(finding: Finding) -> str:
    return f"  - {code(finding.address, _NAME)}: {prose(finding.what, _TEXT)}\n"


def _short_finding(finding: Finding, reason: str = "") -> str:
    reason_text = f" ({prose(reason, _TEXT)})" if reason else ""
    return (
        f"- {finding.severity.name.lower()}: {code(finding.rule, _NAME)} {code(finding.address, _NAME)}, "
        f"{prose(finding.what, _TEXT)}{reason_text}\n"
    )


def _principal(change: PrincipalChange) -> str:
    place = line(f"{change.kind}: {change.place}", _NAME)
    lines = [f"@@ {line(change.principal, _NAME)} ({place}) @@"]
    if change.unknown:
        lines.append(f"! known only after the apply: {line(change.unknown, _TEXT)}")
    for sign, permissions in (("+", change.added), ("-", change.removed), ("! known:", change.known)):
        for permission in words.marked_first(permissions)[:_PERMISSIONS]:
            lines.append(f"{sign} {line(words.permission(permission), 2 * _VALUE)}")
        if len(permissions) > _PERMISSIONS:
            lines.append(f"{sign} … and {len(permissions) - _PERMISSIONS:,} more")
    return "\n".join(lines) + "\n"


def _changes(title: str, noun: str, changes: Sequence[ChangeView], share: float) -> Iterator[Section]:
    if not changes:
        return
    opening = f"<details><summary>{title}: {words.plural(len(changes), noun)}</summary>\n\n"
    whole, short = (_by_module(noun, changes, most) for most in (_LINES, 1))
    brief = [Item(change.action.value, partial(_brief, change)) for change in words.heaviest_first(changes)]
    yield Section(opening, whole, "</details>\n\n", noun, share, [short, [Block(_DIFF, brief, _END)]])


def _by_module(noun: str, changes: Sequence[ChangeView], most: int) -> list[Block]:
    """The changes of each module, with at most so many lines of a value."""
    blocks = []
    for module, group in words.by_module(changes):
        name = code(module, _NAME) if module else "root module"
        items = [Item(change.action.value, partial(_change, change, most)) for change in group]
        blocks.append(Block(f"{name}: {words.plural(len(group), noun)}\n\n{_DIFF}", items, _END))
    return blocks


def _brief(change: ChangeView) -> str:
    return f"{_COLOURS[change.action]} {line(change.address, _NAME)}: {line(change.label, _VALUE)}\n"


def _change(change: ChangeView, most: int) -> str:
    lines = [f"@@ {line(change.address, _NAME)}: {line(change.label, _VALUE)} @@"]
    lines += [f"# {line(note, _VALUE)}" for note in words.notes(change)]
    for difference in change.differences[:_DIFFERENCES]:
        lines += _difference(difference, most)
    left = len(change.differences) - _DIFFERENCES
    if left > 0:
        lines.append(f"# and {words.plural(left, 'more attribute')}")
    if change.folded:
        lines.append(f"# {words.folded(change)}")
    return "\n".join(lines) + "\n"


def _output(output: Difference, most: int) -> str:
    return "".join(f"{written}\n" for written in _difference(output, most))


def _difference(difference: Difference, most: int) -> Iterable[str]:
    path = line(difference.path, _NAME)
    forces = "  # forces replacement" if difference.forces_replacement else ""
    if difference.before is not None:
        yield from _value("-", path, difference.before, most, "" if difference.after is not None else forces)
    if difference.after is not None:
        yield from _value("+", path, difference.after, most, forces)


def _value(sign: str, path: str, value: str, most: int, forces: str) -> Iterator[str]:
    """A value on the line of its path; one of more lines, such as a script, below it, each with the sign."""
    parts = [part for each in visible(value, keep="\n").split("\n") for part in _pieces(each)]
    if len(parts) == 1 or most == 1:
        yield f"{sign} {path} = {line(value, _VALUE)}{forces}"
        return
    yield f"{sign} {path} ={forces}"
    yield from (f"{sign}   {part}" for part in parts[:most])
    left = len(parts) - most
    if left > 0:
        yield f"# and {words.plural(left, 'more line')}: review.html has them"


def _pieces(text: str) -> Iterator[str]:
    """A line in pieces that are as long as a value is shown, if possible between two words."""
    while len(text) > _VALUE:
        end = text.rfind(" ", _VALUE // 2, _VALUE) + 1 or _VALUE
        yield text[:end]
        text = text[end:]
    yield text
