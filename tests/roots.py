"""Terraform roots beside the stack's own: what an administrator of the account does."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.stack import mirror
from tests.conftest import ROOT, missing


@dataclass(frozen=True)
class Root:
    """A root of Terraform.

    Args:
        folder: its folder.
        data: a folder for its state and its provider.
        environment: variables that lead to an account, not to AWS.
    """

    folder: Path
    data: Path
    environment: Mapping[str, str]

    def apply(self, **variables: Any) -> dict[str, Any]:
        """Apply it with these variables; give its outputs."""
        self._init()
        given = [f"-var={name}={one if isinstance(one, str) else json.dumps(one)}" for name, one in variables.items()]
        self._run("apply", "-auto-approve", "-input=false", self._state, *given)
        outputs = json.loads((self.data / "terraform.tfstate").read_text())["outputs"]
        return {name: one["value"] for name, one in outputs.items()}

    def planned(self) -> dict[str, Any]:
        """The JSON of a plan that creates it."""
        self._init()
        self._run("plan", f"-out={self.data / 'plan'}", "-input=false", self._state)
        plan: dict[str, Any] = json.loads(self._run("show", "-json", str(self.data / "plan")).stdout)
        return plan

    @property
    def _state(self) -> str:
        return f"-state={self.data / 'terraform.tfstate'}"

    def _init(self) -> None:
        initialised = self._run("init", "-input=false", codes=(0, 1))
        if initialised.returncode != 0:
            missing(f"the AWS provider cannot be had:\n{initialised.stderr}")

    def _run(self, command: str, *flags: str, codes: tuple[int, ...] = (0,)) -> "subprocess.CompletedProcess[str]":
        plain = () if command == "show" else ("-no-color",)
        ended = subprocess.run(
            ["terraform", command, *plain, *flags],
            cwd=self.folder,
            env=self._variables(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode in codes, ended.stdout + ended.stderr
        return ended

    def _variables(self) -> dict[str, str]:
        found = {**self.environment, "TF_DATA_DIR": str(self.data / "data"), "CHECKPOINT_DISABLE": "1"}
        providers = mirror.locked_providers((ROOT / "terraform/.terraform.lock.hcl").read_text())
        folder = mirror.find_mirror(providers, _platform(), os.environ, Path.home())
        if folder:
            config = self.data / "terraform.rc"
            config.parent.mkdir(parents=True, exist_ok=True)
            config.write_text(mirror.config_text(folder))
            found["TF_CLI_CONFIG_FILE"] = str(config)
        return found


def _platform() -> str:
    answer = subprocess.run(["terraform", "version", "-json"], capture_output=True, text=True, check=True).stdout
    return str(json.loads(answer)["platform"])
