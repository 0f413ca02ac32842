"""What a run's folder holds before its job is sent, so that the run is known whatever happens next.

These are request.json and the manifest of the data.
"""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from scripts.runs import manifest
from scripts.runs.record import FOLDER, create_run_folder, run_folder, write_json

FILE = "request.json"


def check_can_keep(request: Mapping[str, Any]) -> None:
    """Check that the folder of a training job can be written, before anything is sent. Leaves nothing.

    Raises:
        UserError: a file has the name of a folder.
        OSError: runs/ cannot be written, or the disk is full.
    """
    existed = FOLDER.exists()
    try:
        keep_request(request["TrainingJobName"], request, ())
    finally:
        forget_request(request["TrainingJobName"])
        if not existed:
            with contextlib.suppress(OSError):
                FOLDER.rmdir()


def keep_request(job: str, request: Mapping[str, Any], data: Sequence[str]) -> None:
    """Write a job's request.json and the manifest of its data, in the run's new folder. Raises as `check_can_keep`.

    Args:
        job: the job's name.
        request: the request that creates it.
        data: the lines of the manifest.
    """
    folder = create_run_folder(job)
    try:
        write_json(folder / FILE, request)
        manifest.write_manifest(folder, data)
    except BaseException:
        forget_request(job)
        raise


def forget_request(job: str) -> None:
    """Remove what `keep_request` wrote, because there is no such job. Other files stay."""
    folder = run_folder(job)
    with contextlib.suppress(OSError):
        for name in (FILE, manifest.NAME, f".{manifest.NAME}"):
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()
