"""Measures the command `python -m scripts.plan review` with plans of 100 to 50,000 changes.

The plans consist of many copies of the tests' golden plans, which the real provider made. Each copy is in its own
module, with its own names and secrets.

Run it from the repository's root on an idle machine: ``python -m benchmarks.review``. With a number as an argument, it
measures only a plan with that many changes.
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
REPEATS = 3


def main() -> None:
    """Print one line per count."""
    counts = [int(argument) for argument in sys.argv[1:]] or COUNTS
    print("changes   plan.json   seconds   peak memory   each change")
    with tempfile.TemporaryDirectory() as folder:
        for count in counts:
            plan = Path(folder) / "plan.json"
            plan.write_text(json.dumps(make_plan(count)), encoding="utf-8")
            seconds, memory = min(_measure(plan, Path(folder) / "out") for _ in range(REPEATS))
            size = f"{plan.stat().st_size / 1e6:.1f} MB"
            each = f"{1e3 * seconds / count:.2f} ms"
            print(f"{count:7,}   {size:>9}   {seconds:5.2f} s   {memory:8.0f} MB   {each:>11}", flush=True)


def make_plan(count: int) -> dict[str, Any]:
    """The JSON of a plan with ``count`` changes and the other parts that Terraform writes."""
    golden = {name: json.loads((GOLDEN / name / "plan.json").read_text(encoding="utf-8")) for name in PLANS}
    changes = []
    modules: dict[str, list[Any]] = {"planned_values": [], "prior_state": []}
    for number, name, text in _copies(golden):
        copy = json.loads(text)
        prefix = f'module.{name}["{number}"]'
        changes += [_move(entry, prefix) for entry in copy["resource_changes"]]
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
    """Copies of the golden plans without end, each round with new names and secrets."""
    texts = {name: json.dumps(plan) for name, plan in golden.items()}
    number = 0
    while True:
        number += 1
        for name, text in texts.items():
            yield number, name, text.replace("golden-", f"team-{number}-").replace("CANARY", f"secret-{number}")


def _move(entry: dict[str, Any], prefix: str) -> dict[str, Any]:
    """The same change in another module."""
    module = f"{prefix}.{entry['module_address']}" if "module_address" in entry else prefix
    return entry | {"address": f"{prefix}.{entry['address']}", "module_address": module}


def _measure(plan: Path, out: Path) -> tuple[float, float]:
    """The seconds from the start to the end of the review's process, and its peak memory in MB."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "scripts.plan", "review", str(plan), "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"the review exited with code {process.returncode}")
    return seconds, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


if __name__ == "__main__":
    main()
