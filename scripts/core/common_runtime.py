"""Keeps AWS's Common Runtime (awscrt) out of a process that does not need it.

Where it is installed, botocore imports it with its first module, which takes a tenth of the time of `make jobs`:
botocore/compat.py, https://github.com/boto/botocore/blob/develop/botocore/compat.py. Of what botocore does with it, a
verb needs only the sessions of `aws login`. The others are signatures for several regions at once, and checksums that
S3 makes itself. On a machine without it, such as after `make setup FOR=aws`, botocore does the same as here.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path

LOGIN = b"login_session"
"""The key of a profile that `aws login` writes."""


def import_botocore() -> None:
    """Import botocore, with the Common Runtime only if a profile is one of `aws login`."""
    if {"botocore.compat", "awscrt"} & sys.modules.keys() or _has_login():
        return
    sys.modules["awscrt"] = None  # type: ignore[assignment]  # Python's way to say that there is no such module
    import botocore.compat  # noqa: F401

    del sys.modules["awscrt"]


def _has_login() -> bool:
    file = os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config"
    with suppress(OSError, RuntimeError):  # botocore reports what is wrong with the file
        return LOGIN in Path(file).expanduser().read_bytes()
    return False
