"""What a job's channels held when the job was sent: runs/<job>/data.jsonl.

SageMaker copies the objects later, perhaps after hours of waiting. The first line of the file is a summary, which the
run's record repeats; each other line is one object, with the ETag that its content has in S3.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from scripts.core import aws, console
from scripts.core.errors import UserError
from scripts.core.printable import json_text

NAME = "data.jsonl"
MOST_OBJECTS = 100_000
"""Of a channel with more objects, only the first are listed: 1,000 take one request."""


def list_data(request: Mapping[str, Any]) -> list[str]:
    """List the objects of a request's channels. What you may not list is skipped, with a note.

    Args:
        request: the CreateTrainingJob request.

    Returns:
        The lines of the manifest.
    """
    s3 = aws.client("s3")
    channels, lines = [], []
    for channel in request.get("InputDataConfig", []):
        source = channel["DataSource"].get("S3DataSource", {})
        if source.get("S3DataType") not in ("S3Prefix", "ManifestFile"):
            continue
        name, uri = channel["ChannelName"], source["S3Uri"]
        try:
            found = list(islice(_objects(s3, source), MOST_OBJECTS + 1))
        except s3.exceptions.ClientError as error:
            if not aws.is_access_denied(error):
                raise
            console.say(f"Not recorded (no right to {aws.action_of(error)}): what {uri} holds now.")
            continue
        except UserError as error:  # it has gone or changed since it was checked
            console.say(f"Not recorded: what {uri} names now. {error.problem}")
            continue
        channels.append(summarise(name, uri, found))
        lines += [json_text({"channel": name, **one}) for one in found[:MOST_OBJECTS]]
    return [json.dumps({"listed": datetime.now(UTC).isoformat(timespec="seconds"), "channels": channels}), *lines]


def write_manifest(folder: Path, lines: Iterable[str]) -> None:
    """Write the lines of `list_data` into a run's folder."""
    partial = folder / f".{NAME}"
    partial.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    partial.replace(folder / NAME)


def read_summary(folder: Path) -> dict[str, Any] | None:
    """The summary of a run's manifest; None if there is no manifest, as for a job that was sent elsewhere."""
    try:
        with (folder / NAME).open(encoding="utf-8") as file:
            summary: dict[str, Any] = json.loads(file.readline())
    except (OSError, ValueError):
        return None
    return summary


def summarise(channel: str, uri: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    """A channel's entry in the summary.

    Args:
        channel: its name.
        uri: its source.
        found: its objects, as in the other lines; more than `MOST_OBJECTS` if the list is not complete.
    """
    digest = hashlib.sha256()
    for one in found[:MOST_OBJECTS]:
        digest.update(f"{one['key']}\0{one['size']}\0{one['etag']}\n".encode())
    return {
        "channel": channel,
        "uri": uri,
        "objects": min(len(found), MOST_OBJECTS),
        "bytes": sum(one["size"] for one in found[:MOST_OBJECTS]),
        "sha256": digest.hexdigest(),
        "complete": len(found) <= MOST_OBJECTS,
    }


def _objects(s3: Any, source: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The objects of a channel's source: those below its prefix, or those that its manifest names."""
    if source["S3DataType"] == "ManifestFile":
        from scripts.channels import listed

        manifest = listed.read(s3, source["S3Uri"])
        names = {manifest.place[1] + path for path in manifest.paths}
        yield from (one for one in _below(s3, manifest.prefix) if one["key"] in names)
    else:
        yield from _below(s3, source["S3Uri"])


def _below(s3: Any, uri: str) -> Iterator[dict[str, Any]]:
    bucket, prefix = aws.split_uri(uri)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", []):
            yield {"key": entry["Key"], "size": entry["Size"], "etag": entry["ETag"].strip('"')}
