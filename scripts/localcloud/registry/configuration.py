"""What the registry's program is told: https://distribution.github.io/distribution/about/configuration/."""

from typing import Any

FILE = "config.json"  # The program reads YAML, and JSON is YAML.
LOOPBACK = "127.0.0.1"


def configuration(root: str, address: str) -> dict[str, Any]:
    """The program's configuration.

    Args:
        root: the folder that it keeps everything in.
        address: where it listens.
    """
    return {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        # Without a cache in memory, which the program's own example has: files are removed under it.
        "storage": {"filesystem": {"rootdirectory": root}},
        "http": {"addr": address},
    }
