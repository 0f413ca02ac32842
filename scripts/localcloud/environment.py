"""What points a command at the local cloud: values in, an environment out.

Stray variables reach the real AWS past AWS_ENDPOINT_URL (AWS_ENDPOINT_URL_S3, a profile,
AWS_IGNORE_CONFIGURED_ENDPOINT_URLS, a proxy). So nothing of the caller's AWS_* is kept.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

ACCOUNT = "123456789012"
REGION = "us-east-1"
LOOPBACK = ("127.0.0.1", "localhost")
AWS_CONFIG = "aws-config"
JOBS_PATH = "/_local/jobs"  # Of the server: tells how jobs run.


@dataclass(frozen=True)
class Cloud:
    """A local cloud that runs.

    Attributes:
        url: the endpoint for every AWS service, such as ``http://127.0.0.1:40123``.
        port: the port in it.
        pid: the server's process.
        started: when it began to listen.
        folder: the absolute folder that holds all it keeps.
        lost: what became of the jobs of the one before it, where that was killed; a line each.
    """

    url: str
    port: int
    pid: int
    started: datetime
    folder: Path
    region: str = REGION
    account: str = ACCOUNT
    lost: tuple[str, ...] = ()


def environment(cloud: Cloud, base: Mapping[str, str]) -> dict[str, str]:
    """The environment for a command that shall see the local cloud and nothing else of AWS.

    Args:
        cloud: where to point.
        base: the caller's environment; its AWS_* are all left out.

    Returns:
        A whole environment. TF_DATA_DIR in it is one folder per cloud and environment (ENV_TEXT).
    """
    name = base.get("ENV_TEXT") or "local"
    return isolated(cloud.folder, base) | {
        "AWS_ENDPOINT_URL": cloud.url,
        "AWS_REGION": cloud.region,
        "AWS_DEFAULT_REGION": cloud.region,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        # Terraform itself asks an address of HashiCorp's for news about its version.
        "CHECKPOINT_DISABLE": "1",
        "TF_DATA_DIR": str(cloud.folder.parent / f"local-{name}" / "terraform"),
        "ENV_TEXT": name,
    }


def isolated(folder: Path, base: Mapping[str, str]) -> dict[str, str]:
    """``base`` without a way to AWS: no AWS_*, empty configuration files, no metadata service, no proxy to us."""
    kept = {name: value for name, value in base.items() if not name.startswith("AWS_")}
    no_proxy = _no_proxy(base)
    return kept | {
        "AWS_CONFIG_FILE": str(folder / AWS_CONFIG),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / AWS_CONFIG),
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
    }


def shell_lines(cloud: Cloud, base: Mapping[str, str]) -> list[str]:
    """Lines for a shell's ``eval`` that change ``base`` into ``environment(cloud, base)``.

    ENV_TEXT is left out: it is the Makefile's, and would outlast the visit.
    """
    wanted = environment(cloud, base)
    unset = sorted(name for name in base if name not in wanted)
    exports = sorted(name for name in wanted if name != "ENV_TEXT" and base.get(name) != wanted[name])
    return [f"unset {name}" for name in unset] + [f"export {name}={shlex.quote(wanted[name])}" for name in exports]


def _no_proxy(base: Mapping[str, str]) -> str:
    # Programs read one spelling or the other first (Go the upper, curl the lower): both get the union.
    entries = [
        entry.strip() for name in ("NO_PROXY", "no_proxy") for entry in base.get(name, "").split(",") if entry.strip()
    ]
    if "*" in entries:
        return "*"  # Only a lone star means "never a proxy" to curl and Python.
    return ",".join(dict.fromkeys([*entries, *LOOPBACK]))
