"""Make a prefix of the data bucket equal to a local folder: list, plan, ask for confirmation, upload, delete."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.channels import local, remote
from scripts.channels.local import LocalFile
from scripts.channels.plan import Plan, RemoteObject, plan, same_size_pairs
from scripts.core import aws, console, progress
from scripts.core.errors import UserError

if TYPE_CHECKING:
    from s3transfer.futures import TransferFuture

AT_ONCE = 10  # requests at the same time; botocore's connection pool has room for this many
LISTED = 10
DELETED_AT_ONCE = 1000  # https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html


@dataclass(frozen=True)
class LocalChannel:
    """A channel whose source is a folder on this machine.

    Args:
        name: the channel's name.
        folder: its source.
        where: the place in the job file that names the source, for messages.
        prefix: the prefix of its objects in the data bucket; ends in a slash.
    """

    name: str
    folder: Path
    where: str
    prefix: str


def check(channels: Sequence[LocalChannel]) -> None:
    """Check only the folders; raises the same UserError as `synchronise`."""
    for channel in channels:
        local.read_folder(channel.folder, channel.where)


def synchronise(channels: Sequence[LocalChannel], bucket: str, yes: bool) -> None:
    """Upload new and changed files. Files that you deleted locally are deleted in S3 too, after you confirm.

    Before the first upload, all folders are checked and you have confirmed the deletions.

    Args:
        channels: the channels to synchronise.
        bucket: the data bucket.
        yes: whether to delete without asking.

    Raises:
        UserError: a folder or the bucket is missing or wrong, a job in progress reads objects that would be deleted,
            you did not confirm the deletion, or a file changed during its upload.
    """
    folders = [local.read_folder(channel.folder, channel.where) for channel in channels]
    s3 = aws.client("s3")
    plans = []
    for channel, folder in zip(channels, folders, strict=True):
        objects = remote.list_objects(s3, bucket, channel.prefix)
        pairs = same_size_pairs(folder.files, objects)
        plans.append(plan(folder.files, objects, _equal_keys(s3, bucket, channel.prefix, pairs)))
        console.say(_summary(channel, bucket, plans[-1], folder.hidden))
    deleted = [channel.prefix + key for channel, planned in zip(channels, plans, strict=True) for key in planned.delete]
    if deleted:
        _refuse_while_read(bucket, [c.prefix for c, p in zip(channels, plans, strict=True) if p.delete])
        _confirm_deletion(bucket, deleted, yes)
    _upload(s3, bucket, [(c.prefix, f) for c, p in zip(channels, plans, strict=True) for f in p.upload])
    _delete(s3, bucket, deleted)


def _summary(channel: LocalChannel, bucket: str, planned: Plan, hidden: int) -> str:
    size = console.size(sum(file.size for file in planned.upload + planned.unchanged))
    skipped = f"; {hidden} hidden skipped" if hidden else ""
    return (
        f"{channel.name}: {channel.folder} → s3://{bucket}/{channel.prefix} ({size}): {len(planned.upload)} to upload, "
        f"{len(planned.unchanged)} unchanged, {len(planned.delete)} to delete{skipped}"
    )


def _equal_keys(s3: Any, bucket: str, prefix: str, pairs: Sequence[tuple[LocalFile, RemoteObject]]) -> set[str]:
    """The keys of the pairs whose contents are equal.

    In a bucket without KMS keys, the listing's ETag is enough for objects that we uploaded, without another request.
    If it differs (a changed file, KMS keys, another part size), the SHA-256 stored with the object decides.
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
                f"The job {jobs[0]} is in progress and reads s3://{bucket}/{prefix}, where objects would be deleted.",
                f"Wait until it ends (`make logs RUN={jobs[0]}`) or stop it (`make stop RUN={jobs[0]}`).",
            )


def _confirm_deletion(bucket: str, keys: Sequence[str], yes: bool) -> None:
    console.say("Not in the folder any more, to be deleted in S3 too (old versions are kept, see docs/data.md):")
    for key in keys[:LISTED]:
        console.say(f"  s3://{bucket}/{key}")
    if len(keys) > LISTED:
        console.say(f"  … and {len(keys) - LISTED} more")
    objects = "1 object" if len(keys) == 1 else f"{len(keys)} objects"
    fix = "Confirm beforehand with YES=1, or put the files back."
    if not console.confirm(f"Delete {objects} from s3://{bucket}?", yes, fix):
        raise UserError(f"s3://{bucket} has {objects} that the folder does not have; nothing was changed.", fix)


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
            # s3transfer passes these arguments by name, so their names are fixed.

            def on_progress(self, future: "TransferFuture", bytes_transferred: int, **kwargs: Any) -> None:  # noqa: ARG002 - s3transfer names them
                shown.moved(bytes_transferred)

            def on_done(self, future: "TransferFuture", **kwargs: Any) -> None:  # noqa: ARG002 - s3transfer names them
                shown.finished()

        # Leaving the manager waits for running uploads. An exception or an interrupt cancels the others.
        with create_transfer_manager(s3, config) as manager:
            sent = []
            for prefix, file in files:
                # S3 verifies each request by its checksum. The next synchronisation reads the metadata.
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
            f"{file.path} changed during its upload.",
            "Run the same command again when no program writes to the file any more.",
        ) from failure


def _delete(s3: Any, bucket: str, keys: Sequence[str]) -> None:
    for start in range(0, len(keys), DELETED_AT_ONCE):
        batch = [{"Key": key} for key in keys[start : start + DELETED_AT_ONCE]]
        response = s3.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})
        for error in response.get("Errors", [])[:1]:
            raise UserError(
                f"S3 did not delete s3://{bucket}/{error['Key']}: {error.get('Code')}: {error.get('Message')}",
                "Ask for the right to s3:DeleteObject on the bucket, then run the same command again.",
            )
