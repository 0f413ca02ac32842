"""Measures the review of plans of 100 to 50,000 changes, each time as typed: `python -m scripts.plan review`.

The plans are the golden ones of the tests, made by the real provider, as often as it takes, each copy in a module of
its own with names and secrets of its own.

Run it from the repository's root, with nothing else at work: ``python -m benchmarks.review``; a number as an argument
measures a plan of that many changes alone.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

GOLDEN = Path("tests/unit/review/golden")
PLANS = ("create", "update", "permissions", "replace", "destroy", "sensitive", "unknown", "for-each", "nested-modules")
COUNTS = (100, 1_000, 10_000, 50_000)
AGAIN = 3


def main() -> None:
    """Print a line for each count."""
    counts = [int(argument) for argument in sys.argv[1:]] or COUNTS
    print("changes   plan.json   seconds   peak memory   each change")
    with tempfile.TemporaryDirectory() as folder:
        for count in counts:
            plan = Path(folder) / "plan.json"
            plan.write_text(json.dumps(plan_of(count)), encoding="utf-8")
            seconds, memory = min(_measured(plan, Path(folder) / "out") for _ in range(AGAIN))
            size = f"{plan.stat().st_size / 1e6:.1f} MB"
            each = f"{1e3 * seconds / count:.2f} ms"
            print(f"{count:7,}   {size:>9}   {seconds:5.2f} s   {memory:8.0f} MB   {each:>11}", flush=True)


def plan_of(count: int) -> dict[str, Any]:
    """The JSON of a plan with that many changes, with all that Terraform writes beside them."""
    golden = {name: json.loads((GOLDEN / name / "plan.json").read_text(encoding="utf-8")) for name in PLANS}
    changes = []
    modules: dict[str, list[Any]] = {"planned_values": [], "prior_state": []}
    for number, name, text in _copies(golden):
        copy = json.loads(text)
        prefix = f'module.{name}["{number}"]'
        changes += [_moved(entry, prefix) for entry in copy["resource_changes"]]
        modules["planned_values"].append(copy["planned_values"]["root_module"])
        modules["prior_state"].append(copy.get("prior_state", {}).get("values", {}).get("root_module", {}))
        if len(changes) >= count:
            break
    calls = {name: {"module": plan["configuration"]["root_module"]} for name, plan in golden.items()}
    return {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {"root_module": {"child_modules": modules["planned_values"]}},
        "resource_changes": changes[:count],
        "prior_state": {"values": {"root_module": {"child_modules": modules["prior_state"]}}},
        "configuration": {"root_module": {"module_calls": calls}},
        "applyable": True,
        "complete": True,
        "errored": False,
    }


def _copies(golden: dict[str, Any]) -> Iterator[tuple[int, str, str]]:
    """The golden plans over and over, each time with other names, accounts' resources and secrets."""
    texts = {name: json.dumps(plan) for name, plan in golden.items()}
    number = 0
    while True:
        number += 1
        for name, text in texts.items():
            yield number, name, text.replace("golden-", f"team-{number}-").replace("CANARY", f"secret-{number}")


def _moved(entry: dict[str, Any], prefix: str) -> dict[str, Any]:
    """A change as it were in another module."""
    module = f"{prefix}.{entry['module_address']}" if "module_address" in entry else prefix
    return entry | {"address": f"{prefix}.{entry['address']}", "module_address": module}


def _measured(plan: Path, out: Path) -> tuple[float, float]:
    """The seconds that a review takes, from the first to the last moment of its process, and its memory in MB."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "scripts.plan", "review", str(plan), "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"the review ended with {process.returncode}")
    return seconds, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


if __name__ == "__main__":
    main()
