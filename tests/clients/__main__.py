"""Runs clients of AWS that nobody here wrote against a local cloud, and writes what they did into docs/local-cloud.md.

``python -m tests.clients [--base IMAGE] [CLIENT …]`` takes a quarter of an hour for all. Each client has an environment
of its own, with the pins of requirements-CLIENT.txt. `make demo` applies the stack, pushes the image and uploads data.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.client_programs import client_programs
from tests.clients.page import PAGE, RESULTS, insert_table
from tests.conftest import Project
from tests.container.conftest import engine_project

SECONDS = 900


@dataclass(frozen=True)
class Client:
    """A client: the name of its pins and its module, its title in the table, and the package whose version counts."""

    name: str
    title: str
    package: str


CLIENTS = (
    Client("boto3", "boto3", "boto3"),
    Client("awscli", "AWS CLI", "awscli"),
    Client("sdk2", "SageMaker SDK 2", "sagemaker"),
    Client("sdk3", "SageMaker SDK 3", "sagemaker-train"),
)


def main() -> None:
    """Run the clients that the command line names, or all, and replace their results."""
    parser = argparse.ArgumentParser(prog="python -m tests.clients")
    parser.add_argument(
        "--base", help="the base image of the jobs' image, instead of the one that `make image` chooses"
    )
    parser.add_argument("clients", nargs="*", help="the clients to run, instead of all")
    arguments = parser.parse_args()
    chosen = [client for client in CLIENTS if not arguments.clients or client.name in arguments.clients]
    with tempfile.TemporaryDirectory(prefix="trainyard-clients-") as folder:
        project = engine_project(Path(folder))
        try:
            print(project.make("cloud-up"), flush=True)
            print(project.make("demo", *([f"BASE={arguments.base}"] if arguments.base else []), timeout=SECONDS))
            results = [run(client, project) for client in chosen]
        finally:
            project.make("cloud-down", "YES=1", code=None)
    write(results)


def run(client: Client, project: Project) -> dict[str, Any]:
    """Run one client, and return its entry in results.json."""
    python = client_programs(client.name) / "python"
    (sent,) = (project.folder / "runs").glob("digits-*/request.json")
    request = project.folder / "client-request.json"
    request.write_text(json.dumps(short(json.loads(sent.read_text()))))
    command = [str(python), "-m", f"clients.{client.name}_client", str(request)]
    on_the_cloud = [sys.executable, "-m", "scripts.cloud", "exec", "--", *command]
    # As `clients`, not as `tests.clients`: packages of the SDKs bring a module `tests` along.
    environment = project.environment | {
        "PYTHONPATH": str(project.folder / "tests"),
        "HOME": str(project.folder / "build"),
        "PYTHONUNBUFFERED": "1",
    }
    ended = subprocess.run(
        on_the_cloud,
        cwd=project.folder,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    calls = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith('{"what"')]
    for row in calls:
        print(f"{client.title}: {row['what']}: {row['result']}", flush=True)
    code = f"import importlib.metadata; print(importlib.metadata.version({client.package!r}))"
    version = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    return {"name": client.name, "title": client.title, "package": client.package, "version": version, "calls": calls}


def short(request: dict[str, Any]) -> dict[str, Any]:
    """Return the request of a shorter job: one epoch, a network, and no checkpoints, which would be another job's."""
    changed = {"HyperParameters": request["HyperParameters"] | {"epochs": "1"}, "EnableNetworkIsolation": False}
    return {name: value for name, value in request.items() if name != "CheckpointConfig"} | changed


def write(results: list[dict[str, Any]]) -> None:
    """Replace the results of these clients in results.json, and the table on the page."""
    before = json.loads(RESULTS.read_text())["clients"] if RESULTS.exists() else []
    by_name = {entry["name"]: entry for entry in [*before, *results]}
    content = {"clients": [by_name[client.name] for client in CLIENTS if client.name in by_name]}
    RESULTS.write_text(json.dumps(content, indent=2) + "\n")
    PAGE.write_text(insert_table(PAGE.read_text(), content))


if __name__ == "__main__":
    main()
