"""Finds a provider mirror on a machine that cannot reach Terraform's registry.

A mirror is a folder with the layout of `terraform providers mirror`, packed or unpacked:
https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation
A mirror is used only if it holds every provider in the version of `.terraform.lock.hcl`, for this platform.
Otherwise Terraform uses its registry. A machine that can reach the registry needs no mirror.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from scripts.core.errors import UserError

VARIABLE = "TRAINYARD_PROVIDER_MIRROR"
SYSTEM_FOLDERS = (Path("/opt"), Path("/usr/share"), Path("/var/lib"))


def locked_providers(lock_text: str) -> dict[str, str]:
    """The providers in the text of a `.terraform.lock.hcl`: source address to version."""
    blocks = re.findall(r'^provider\s+"([^"]+)"\s*\{\s*^\s*version\s*=\s*"([^"]+)"', lock_text, re.MULTILINE)
    return dict(blocks)


def holds(folder: Path, providers: Mapping[str, str], platform: str) -> bool:
    """Whether a mirror holds all these providers in these versions for a platform such as ``linux_amd64``."""

    def has(source: str, version: str) -> bool:
        packed = f"terraform-provider-{source.rpartition('/')[2]}_{version}_{platform}.zip"
        return (folder / source / version / platform).is_dir() or (folder / source / packed).is_file()

    return bool(providers) and all(has(source, version) for source, version in providers.items())


def find_mirror(
    providers: Mapping[str, str],
    platform: str,
    environment: Mapping[str, str],
    home: Path,
    system_folders: tuple[Path, ...] = SYSTEM_FOLDERS,
) -> Path | None:
    """The mirror to use, or None if Terraform should use its registry.

    Args:
        providers: source address to version, from the lock file.
        platform: Terraform's name for the machine's platform.
        environment: the caller's environment variables.
        home: the user's home folder.
        system_folders: folders whose subfolders may be mirrors.

    Raises:
        UserError: TRAINYARD_PROVIDER_MIRROR names a folder that lacks a provider of the lock file.
    """
    named = environment.get(VARIABLE)
    if named:
        if not holds(Path(named), providers, platform):
            wanted = ", ".join(f"{source} {version}" for source, version in providers.items())
            raise UserError(
                f"{VARIABLE} names {named}, which does not hold {wanted} for {platform}.",
                f"Fill the folder with `terraform -chdir=terraform providers mirror {named}`, or unset the variable.",
            )
        return Path(named).absolute()
    if config_file(environment, home):
        return None
    candidates = (*_implied(environment, home), *_below(system_folders))
    return next((folder for folder in candidates if holds(folder, providers, platform)), None)


def config_file(environment: Mapping[str, str], home: Path) -> Path | None:
    """The user's own Terraform CLI configuration, which decides if it exists; otherwise None."""
    appdata = environment.get("APPDATA")
    usual = Path(appdata) / "terraform.rc" if appdata else home / ".terraformrc"
    path = Path(environment.get("TF_CLI_CONFIG_FILE") or usual)
    return path if path.is_file() else None


def config_text(mirror: Path) -> str:
    """A Terraform CLI configuration that installs providers only from this mirror."""
    return f"provider_installation {{\n  filesystem_mirror {{\n    path = {json.dumps(str(mirror))}\n  }}\n}}\n"


def _implied(environment: Mapping[str, str], home: Path) -> Iterator[Path]:
    # Terraform looks in these folders when no configuration says otherwise ("Implied Local Mirror Directories").
    if environment.get("APPDATA"):
        yield Path(environment["APPDATA"]) / "terraform.d/plugins"
        yield Path(environment["APPDATA"]) / "HashiCorp/Terraform/plugins"
    yield home / ".terraform.d/plugins"
    yield home / "Library/Application Support/io.terraform/plugins"
    yield Path("/Library/Application Support/io.terraform/plugins")
    yield Path(environment.get("XDG_DATA_HOME") or home / ".local/share") / "terraform/plugins"
    for shared in (environment.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(os.pathsep):
        yield Path(shared) / "terraform/plugins"


def _below(folders: tuple[Path, ...]) -> Iterator[Path]:
    for folder in folders:
        try:
            yield from sorted(folder.iterdir())
        except OSError:  # missing, or we lack the right to read it
            continue
