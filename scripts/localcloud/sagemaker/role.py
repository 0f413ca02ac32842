"""Gives a job's program the keys of its role, where AWS's SDKs look for them.

On SageMaker they come from http://169.254.170.2, an address that this machine cannot have for each job. botocore takes
no other address of another machine (``ContainerMetadataFetcher``, https://github.com/boto/botocore/blob/develop/botocore/utils.py).
So they come from files: a configuration whose ``credential_process`` prints keys with the time at which they expire.
The SDKs run it again before that time.
https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
"""

import json
import shlex
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePath

from scripts.localcloud.clients import Keys
from scripts.localcloud.sagemaker.removal import remove

CONFIG, KEYS = "config", "keys.json"


def variables(endpoint: str, folder: PurePath) -> dict[str, str]:
    """Return the variables with which AWS's SDKs call ``endpoint`` with the role's keys.

    Args:
        endpoint: the URL of the services.
        folder: where the program finds the files.
    """
    return {"AWS_ENDPOINT_URL": endpoint, "AWS_CONFIG_FILE": str(folder / CONFIG)}


@contextmanager
def files(folder: Path, in_program: PurePath, assume: Callable[[], Keys]) -> Iterator[None]:
    """Keep the files during the ``with`` block, with keys that never expire soon.

    Args:
        folder: where to write them. Any user may read them there: a container's program may be any user.
        in_program: the path at which the program finds the folder.
        assume: returns new keys of the role.
    """
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)  # The umask may have taken bits away.
    process = f"cat {shlex.quote(str(in_program / KEYS))}"
    _write(folder / CONFIG, f"[default]\ncredential_process = {process}\n")
    keys = assume()
    _write(folder / KEYS, _text(keys))
    ended = threading.Event()

    def renew(keys: Keys) -> None:
        while not ended.wait(seconds_to_renewal(keys, datetime.now(UTC))):
            keys = assume()
            _write(folder / KEYS, _text(keys))

    thread = threading.Thread(target=renew, args=(keys,), name="keys of a role")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        remove(folder)


def seconds_to_renewal(keys: Keys, now: datetime) -> float | None:
    """Return when to replace keys: after half of the time that they still have. None if they do not expire.

    botocore asks for new keys when the present ones have less than 15 minutes left (``RefreshableCredentials``,
    https://github.com/boto/botocore/blob/develop/botocore/credentials.py). STS's keys have an hour.
    """
    return None if keys.expires is None else max((keys.expires - now) / 2, timedelta()).total_seconds()


def _text(keys: Keys) -> str:
    content = {
        "Version": 1,
        "AccessKeyId": keys.access_key,
        "SecretAccessKey": keys.secret_key,
        "SessionToken": keys.token,
        "Expiration": keys.expires.isoformat() if keys.expires else None,
    }
    return json.dumps({name: value for name, value in content.items() if value is not None})


def _write(path: Path, text: str) -> None:
    """Write a file that a program may be reading: it sees the old content or the new one, never a part."""
    partial = path.with_name(f".{path.name}")
    partial.write_text(text)
    partial.chmod(0o644)
    partial.replace(path)
