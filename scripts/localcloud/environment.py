"""Makes the environment in which a command uses the local cloud.

Some variables lead to the real AWS in spite of AWS_ENDPOINT_URL: AWS_ENDPOINT_URL_S3, a profile,
AWS_IGNORE_CONFIGURED_ENDPOINT_URLS, a proxy. So none of the caller's AWS_* variables is kept.
"""

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

ACCOUNT = "123456789012"
REGION = "us-east-1"
LOOPBACK = ("127.0.0.1", "localhost")
AWS_CONFIG = "aws-config"
# The server's control addresses: whether jobs run in containers, orders of interruptions, the faults that it gives,
# and the clock of the warm pools.
JOBS_PATH = "/_local/jobs"
INTERRUPTIONS_PATH = "/_local/interruptions"  # A POST orders interruptions, and is answered with the order's name.
FAULTS_PATH = "/_local/faults"
CLOCK_PATH = "/_local/clock"  # A POST of a number of seconds moves the clock of the warm pools forward.
APPLICATION = "local-cloud"
OWN_CALLS = f"app/{APPLICATION}"  # In a User-Agent: a call of the local cloud itself. It gets no fault.


@dataclass(frozen=True)
class Cloud:
    """A running local cloud.

    Attributes:
        url: the endpoint for every AWS service, such as ``http://127.0.0.1:40123``.
        port: the port in it.
        pid: the server's process.
        started: when it began to listen.
        folder: the absolute path of the folder that holds its files.
        lost_jobs: if the previous local cloud was killed, a line for each job that it was running.
    """

    url: str
    port: int
    pid: int
    started: datetime
    folder: Path
    region: str = REGION
    account: str = ACCOUNT
    lost_jobs: tuple[str, ...] = ()


def name_on_disk(name: str, region: str) -> str:
    """Return the name of a job's folder or file; two regions may have jobs of the same name."""
    return name if region == REGION else f"{name}.{region}"


def environment(cloud: Cloud, base: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for a command that uses the local cloud and nothing else of AWS.

    Args:
        cloud: the local cloud to use.
        base: the caller's environment; its AWS_* variables are removed.

    Returns:
        All variables. TF_DATA_DIR is a separate folder for each local cloud and environment (ENV_TEXT).
    """
    name = base.get("ENV_TEXT") or "local"
    return isolate(cloud.folder, base) | {
        "AWS_ENDPOINT_URL": cloud.url,
        "AWS_REGION": cloud.region,
        "AWS_DEFAULT_REGION": cloud.region,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        # Otherwise Terraform asks a server of HashiCorp whether a newer version exists.
        "CHECKPOINT_DISABLE": "1",
        "TF_DATA_DIR": str(cloud.folder.parent / f"local-{name}" / "terraform"),
        "ENV_TEXT": name,
    }


def enter(cloud: Cloud) -> None:
    """Give this process the environment of a command that uses the local cloud and nothing else of AWS."""
    changed = environment(cloud, os.environ)
    os.environ.clear()
    os.environ.update(changed)


def isolate(folder: Path, base: Mapping[str, str]) -> dict[str, str]:
    """Return ``base`` without a way to AWS: no AWS_*, empty configuration, no metadata service, no local proxy."""
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
    """Return lines for a shell's ``eval`` that change ``base`` into ``environment(cloud, base)``.

    They do not set ENV_TEXT. It belongs to the Makefile, and the shell would keep it for later calls.
    """
    wanted = environment(cloud, base)
    unset = sorted(name for name in base if name not in wanted)
    exports = sorted(name for name in wanted if name != "ENV_TEXT" and base.get(name) != wanted[name])
    return [f"unset {name}" for name in unset] + [f"export {name}={shlex.quote(wanted[name])}" for name in exports]


def _no_proxy(base: Mapping[str, str]) -> str:
    # Go reads the upper-case variable first, curl the lower-case one. So both get the entries of both.
    entries = [
        entry.strip() for name in ("NO_PROXY", "no_proxy") for entry in base.get(name, "").split(",") if entry.strip()
    ]
    if "*" in entries:
        return "*"  # To curl and Python, only a star without other entries means "never use a proxy".
    return ",".join(dict.fromkeys([*entries, *LOOPBACK]))
