"""Make a prefix of the data bucket become a local folder: list, plan, ask, upload, delete."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.channels import local, remote
from scripts.channels.local import LocalFile
from scripts.channels.plan import Plan, RemoteObject, alike, plan
from scripts.core import aws, console, progress
from scripts.core.errors import UserError

if TYPE_CHECKING:
    from s3transfer.futures import TransferFuture

# As many requests at once as botocore's connection pool has room for.
AT_ONCE = 10
LISTED = 10
DELETED_AT_ONCE = 1000  # https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html


@dataclass(frozen=True)
class LocalChannel:
    """A channel whose source is a folder on this machine.

    Args:
        name: the channel's name.
        folder: its source.
        where: the place in the job file that names the source, for messages.
        prefix: where its objects go in the data bucket; ends in a slash.
    """

    name: str
    folder: Path
    where: str
    prefix: str


def check(channels: Sequence[LocalChannel]) -> None:
    """Look at the folders only; raises the UserError that `synchronise` would."""
    for channel in channels:
        local.read_folder(channel.folder, channel.where)


def synchronise(channels: Sequence[LocalChannel], bucket: str, yes: bool) -> None:
    """Upload what is new or has changed, and delete what is gone from the folders.

    All folders are looked at before anything is uploaded, and the question about deletions comes before that too.

    Args:
        channels: what to synchronise.
        bucket: the data bucket.
        yes: deletions were agreed to beforehand.

    Raises:
        UserError: a folder or the bucket is not as it must be, a job in progress reads what would be deleted, the
            deletion was not agreed to, or a file changed while it was uploaded.
    """
    folders = [local.read_folder(channel.folder, channel.where) for channel in channels]
    s3 = aws.client("s3")
    plans = []
    for channel, folder in zip(channels, folders, strict=True):
        found = remote.list_objects(s3, bucket, channel.prefix)
        pairs = alike(folder.files, found)
        plans.append(plan(folder.files, found, _same(s3, bucket, channel.prefix, pairs)))
        console.say(_summary(channel, bucket, plans[-1], folder.hidden))
    doomed = [channel.prefix + key for channel, planned in zip(channels, plans, strict=True) for key in planned.delete]
    if doomed:
        _refuse_while_read(bucket, [c.prefix for c, p in zip(channels, plans, strict=True) if p.delete])
        _ask(bucket, doomed, yes)
    _upload(s3, bucket, [(c.prefix, f) for c, p in zip(channels, plans, strict=True) for f in p.upload])
    _delete(s3, bucket, doomed)


def _summary(channel: LocalChannel, bucket: str, planned: Plan, hidden: int) -> str:
    size = console.size(sum(file.size for file in planned.upload + planned.unchanged))
    left_out = f"; {hidden} hidden left out" if hidden else ""
    return (
        f"{channel.name}: {channel.folder} → s3://{bucket}/{channel.prefix} ({size}): {len(planned.upload)} to upload, "
        f"{len(planned.unchanged)} unchanged, {len(planned.delete)} to delete{left_out}"
    )


def _same(s3: Any, bucket: str, prefix: str, pairs: Sequence[tuple[LocalFile, RemoteObject]]) -> set[str]:
    """The keys of those pairs whose contents are equal.

    The listing's ETag answers for what we uploaded to a bucket without KMS keys, at no further call. Where it differs
    (a changed file, KMS keys, an upload in parts of another size) the SHA-256 stored with the object decides.
    """

    def equal(pair: tuple[LocalFile, RemoteObject]) -> bool:
        file, found = pair
        content = local.digests(file.path)
        return content.etag == found.etag or content.sha256 == remote.stored_sha256(s3, bucket, prefix + found.key)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return {file.key for (file, _), is_equal in zip(pairs, pool.map(equal, pairs), strict=True) if is_equal}


def _refuse_while_read(bucket: str, prefixes: Sequence[str]) -> None:
    sagemaker = aws.client("sagemaker")
    for prefix in prefixes:
        try:
            jobs = remote.readers(sagemaker, bucket, prefix)
        except Exception as error:
            if not aws.is_access_denied(error):
                raise
            console.say(
                f"Not checked (no right to {aws.action_of(error)}): whether a job reads s3://{bucket}/{prefix} now."
            )
            continue
        if jobs:
            raise UserError(
                f"The job in progress {jobs[0]} reads s3://{bucket}/{prefix}, from which objects would be deleted.",
                f"Wait for its end (`make logs RUN={jobs[0]}`) or stop it (`make stop RUN={jobs[0]}`).",
            )


def _ask(bucket: str, keys: Sequence[str], yes: bool) -> None:
    console.say("Gone from the folder, to be deleted from S3 (the bucket keeps their versions, see docs/data.md):")
    for key in keys[:LISTED]:
        console.say(f"  s3://{bucket}/{key}")
    if len(keys) > LISTED:
        console.say(f"  … and {len(keys) - LISTED} more")
    objects = "1 object" if len(keys) == 1 else f"{len(keys)} objects"
    fix = "Say YES=1 beforehand, or put the files back."
    if not console.confirm(f"Delete {objects} from s3://{bucket}?", yes, fix):
        raise UserError(f"There is more in s3://{bucket} than in the folder ({objects}); nothing was changed.", fix)


def _upload(s3: Any, bucket: str, files: Sequence[tuple[str, LocalFile]]) -> None:
    from boto3.s3.transfer import TransferConfig, create_transfer_manager
    from s3transfer.subscribers import BaseSubscriber

    if not files:
        return
    config = TransferConfig(
        max_concurrency=AT_ONCE, multipart_threshold=local.PART_SIZE, multipart_chunksize=local.PART_SIZE
    )
    size = sum(file.size for _, file in files)
    with progress.transfer("Uploading", len(files), size) as shown:

        class Report(BaseSubscriber):
            # The arguments' names are s3transfer's: it calls by them.

            def on_progress(self, future: "TransferFuture", bytes_transferred: int, **kwargs: Any) -> None:  # noqa: ARG002 - s3transfer names them
                shown.moved(bytes_transferred)

            def on_done(self, future: "TransferFuture", **kwargs: Any) -> None:  # noqa: ARG002 - s3transfer names them
                shown.finished()

        # Leaving the manager waits for what is under way; an exception, an interrupt too, cancels the rest.
        with create_transfer_manager(s3, config) as manager:
            sent = []
            for prefix, file in files:
                # S3 verifies each request by its checksum; the metadata are for the next synchronisation.
                extra = {
                    "ChecksumAlgorithm": "SHA256",
                    "Metadata": {remote.SHA256: local.digests(file.path).sha256},
                }
                sent.append((file, manager.upload(str(file.path), bucket, prefix + file.key, extra, [Report()])))
            for file, future in sent:
                _await(file, future)


def _await(file: LocalFile, future: Any) -> None:
    failure: Exception | None = None
    try:
        future.result()
    except OSError as error:
        failure = error
    if failure is not None or file.changed():
        raise UserError(
            f"{file.path} changed while it was uploaded.", "Run the same command again when it is no longer written to."
        ) from failure


def _delete(s3: Any, bucket: str, keys: Sequence[str]) -> None:
    for start in range(0, len(keys), DELETED_AT_ONCE):
        batch = [{"Key": key} for key in keys[start : start + DELETED_AT_ONCE]]
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})
        for refused in answer.get("Errors", [])[:1]:
            raise UserError(
                f"S3 did not delete s3://{bucket}/{refused['Key']}: {refused.get('Code')}: {refused.get('Message')}",
                "Ask for the right to s3:DeleteObject on the bucket, then run the same command again.",
            )
