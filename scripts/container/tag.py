"""The image's tag: one tree, one name.

The same files give the same tag on every machine, and any change to them gives another, so that an immutable
tag never has to be overwritten and a job's image says which code ran.
"""

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path


def image_tag(folder: Path | str = "trainer") -> str:
    """The tag of the image that is built from ``folder``.

    Args:
        folder: the build context. Files that git ignores do not count; without git, all but ``__pycache__`` do.

    Returns:
        ``<folder's name>-<12 hexadecimal digits>``, a digest of the files' names, executable bits and bytes.
    """
    root = Path(folder)
    digest = hashlib.sha256()
    for name in sorted(_names(root)):
        path = root / name
        content = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
        # Every part with its length: no two trees give the same stream. Of the mode only what git keeps:
        # the rest depends on who cloned.
        for part in (name.encode(), _mode(path), content):
            digest.update(len(part).to_bytes(8, "big") + part)
    return f"{root.resolve().name}-{digest.hexdigest()[:12]}"


def _mode(path: Path) -> bytes:
    if path.is_symlink():
        return b"link"
    return b"755" if os.access(path, os.X_OK) and path.stat().st_mode & 0o111 else b"644"


def _names(root: Path) -> Iterator[str]:
    """The files below ``root``, relative, with forward slashes."""
    # With those not yet added: a new program is in the build context, so it is in the image.
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, capture_output=True, check=True).stdout.decode(errors="surrogateescape")
    except (OSError, subprocess.CalledProcessError):
        for path in root.rglob("*"):
            if "__pycache__" not in path.parts and (path.is_file() or path.is_symlink()):
                yield path.relative_to(root).as_posix()
        return
    for name in set(listed.split("\0")) - {""}:
        if (root / name).is_file() or (root / name).is_symlink():  # else deleted and not yet committed
            yield name
