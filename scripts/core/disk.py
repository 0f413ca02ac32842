"""Errors of the disk that the user can correct: no space, no permission, a file system that cannot be written."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from .errors import UserError


@contextmanager
def explained() -> Iterator[None]:
    """Turn an error of the disk that the user can correct into a UserError; raise any other error unchanged."""
    try:
        yield
    except OSError as error:
        user_error = disk_error(error)
        if user_error is None:
            raise
        raise user_error from error


def disk_error(error: OSError) -> UserError | None:
    """The UserError for an error of the operating system; None if it is another kind of error."""
    place = error.filename2 or error.filename
    where = f" for {place}" if place else ""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return UserError(
            f"There is no space left on the disk{where}.",
            "Free some space (`df -h .` shows how much is left), then run the same command again. "
            "No file is half-written.",
        )
    if error.errno == errno.EROFS and place:
        return UserError(
            f"{place} cannot be written: {error.strerror}.",
            "Mount its file system so that it can be written, or use a clone in another folder.",
        )
    if error.errno in {errno.EACCES, errno.EPERM} and place:
        return UserError(
            f"{place} cannot be read or written: {error.strerror}.",
            f"Give yourself permission: `ls -ld {place}` shows the owner.",
        )
    return None
