"""Counts plans whose edit is missed by the digest: single edits with an effect, and noise that has none.

python -m benchmarks.review_digest [EDITS]     (100,000 if you do not say)

Each edit changes one value of a plan that decides what the apply does; noise changes the order, the spacing and the
time of planning.
"""

import json
import sys
from pathlib import Path
from random import Random

from scripts.review.digest import content_hash
from scripts.review.reading import read
from tests.unit.review.plan_edits import edited, executing, noise, places


def main(edits: int) -> None:
    """Print how many edits kept the digest, and how much noise changed it; both must be 0."""
    random = Random(100)  # noqa: S311 - to repeat, not to hide
    plans = [executing()]
    plans += [json.loads(path.read_text()) for path in sorted(Path("tests/unit/review/golden").glob("*/plan.json"))]
    known = [content_hash(read(json.dumps(raw), "p")) for raw in plans]
    found = [(raw, before, places(raw)) for raw, before in zip(plans, known, strict=True) if places(raw)]
    missed = changed = 0
    for number in range(edits):
        raw, before, paths = found[number % len(found)]
        missed += content_hash(read(json.dumps(edited(raw, random.choice(paths), random)), "p")) == before
        if number % 10 == 0:
            changed += content_hash(read(json.dumps(noise(raw, random)), "p")) != before
        if number % 10_000 == 0:
            print(f"{number:,} of {edits:,} edits", file=sys.stderr)
    print(f"{edits:,} edits over {len(found)} plans: {missed} missed; {edits // 10:,} times noise: {changed} changed")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
