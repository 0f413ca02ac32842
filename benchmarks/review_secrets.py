"""Counts the secrets that a review lets through, and the values that it masks though they are none.

python -m benchmarks.review_secrets [SAMPLES]     (20,000 of each if you do not say)

The secrets are made up: kinds and names as in the rules of gitleaks and detect-secrets, in the forms in which scripts
and configurations hold them. The other values are of the kinds that configurations and tokenizer files have.
"""

import sys
from collections import Counter
from random import Random

from scripts.review.model import Plan
from scripts.review.secrets.mask import MASKED, SUSPECT, Mask
from tests.unit.review import public_samples, secret_samples

_SHOWN = 10


def main(samples: int) -> None:
    """Print how many secrets are shown and how many other values are masked, and the kinds with the most."""
    leaks, masked = shown_secrets(samples, seed=100), masked_values(samples, seed=100)
    for count, what, kinds in (
        (samples, "secrets, let through", leaks),
        (samples, "values that are none, masked", masked),
    ):
        print(f"{count:,} {what}: {len(kinds):,} ({len(kinds) / count:.3%})")
        for kind, times in Counter(kinds).most_common(_SHOWN):
            print(f"    {times:,} times {kind}")
    names = len(secret_samples.KEYS) + len(secret_samples.PASSWORDS)
    print(f"{len(secret_samples.FORMATS)} formats, {names} names, {len(secret_samples.FORMS)} forms")


def shown_secrets(samples: int, seed: int) -> list[str]:
    """What was made up, for each of the samples whose secret, or half of it, is shown."""
    random, mask = Random(seed), Mask(Plan("p", "1.2", "1"))  # noqa: S311 - to repeat, not to hide
    made = (secret_samples.sample(random) for _ in range(samples))
    return [each.made for each in made if secret_samples.shows(mask.text(each.text, each.attribute), each.secret)]


def masked_values(samples: int, seed: int) -> list[str]:
    """What was made up, for each of the samples without a secret of which anything is masked."""
    random, mask = Random(seed), Mask(Plan("p", "1.2", "1"))  # noqa: S311 - to repeat, not to hide
    found = []
    for _ in range(samples):
        each = public_samples.sample(random)
        shown = mask.text(each.text, each.attribute)
        if SUSPECT in shown or MASKED in shown:
            found.append(each.made)
    return found


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
