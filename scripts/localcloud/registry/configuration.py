"""The configuration of the registry's program: https://distribution.github.io/distribution/about/configuration/."""

from typing import Any

FILE = "config.json"  # The program reads YAML, and JSON is YAML.


def configuration(root: str, address: str) -> dict[str, Any]:
    """Return the program's configuration.

    Args:
        root: the folder in which it keeps everything.
        address: where it listens.
    """
    return {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        # No cache in memory, unlike the program's own example, because ``storage`` deletes files while it runs.
        "storage": {"filesystem": {"rootdirectory": root}},
        "http": {"addr": address},
    }
