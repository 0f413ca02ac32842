"""Make a prefix of the data bucket equal to a local folder: list, plan, confirm, upload, delete, compare."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from scripts.channels import local, remote
from scripts.channels.local import Digests, Folder, LocalFile
from scripts.channels.plan import Plan, RemoteObject, plan, same_size_pairs, unexpected_keys
from scripts.channels.upload import AT_ONCE, upload
from scripts.core import aws, console, jobs
from scripts.core.errors import UserError

LISTED = 10
MOST_TOGETHER, ENOUGH_BYTES = 50, 1 << 20
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


def check(channels: Sequence[LocalChannel]) -> list[Folder]:
    """Read and check only the folders; raises the same UserError as `synchronise`."""
    return [local.read_folder(channel.folder, channel.where) for channel in channels]


@dataclass(frozen=True)
class _Planned:
    """A channel with its folder, the objects below its prefix, and what to do about the differences."""

    channel: LocalChannel
    folder: Folder
    before: Sequence[RemoteObject]
    plan: Plan

    @property
    def deleted(self) -> list[str]:
        return [self.channel.prefix + key for key in self.plan.delete]


def synchronise(
    channels: Sequence[LocalChannel], bucket: str, yes: bool, folders: Sequence[Folder] | None = None
) -> None:
    """Upload new and changed files. Files that you deleted locally are deleted in S3 too, after you confirm.

    Before the first upload, all folders are checked and you have confirmed the deletions. At the end, the prefixes are
    compared with the folders: another command may have changed them meanwhile.

    Args:
        channels: the channels to synchronise.
        bucket: the data bucket.
        yes: whether to delete without asking.
        folders: what `check` has read just now; default: they are read here.

    Raises:
        UserError: a folder or the bucket is missing or wrong, a job in progress reads objects that would be deleted or
            has yet to read what would be uploaded, you did not confirm the deletion, a file changed during its upload,
            or a prefix is not equal to its folder at the end.
    """
    s3 = aws.client("s3")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        listing = pool.map(partial(remote.list_objects, s3, bucket), [channel.prefix for channel in channels])
        folders = folders or check(channels)  # while S3 answers
        listed = list(listing)
    planned = []
    for channel, folder, before in zip(channels, folders, listed, strict=True):
        same = _equal_keys(s3, bucket, channel.prefix, same_size_pairs(folder.files, before))
        planned.append(_Planned(channel, folder, before, plan(folder.files, before, same)))
        console.say(_summary(channel, bucket, planned[-1].plan, folder.hidden))
    changed = [one for one in planned if one.plan.upload or one.plan.delete]
    if not changed:
        return
    _refuse_while_read(bucket, changed)
    deleted = [key for one in changed for key in one.deleted]
    if deleted:
        _confirm_deletion(bucket, deleted, yes)
    sent = upload(s3, bucket, [(one.channel.prefix, file) for one in changed for file in one.plan.upload])
    _delete(s3, bucket, deleted)
    for one in changed:
        _compare(s3, bucket, one, sent)


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

    def is_equal(file: LocalFile, found: RemoteObject) -> bool:
        content = local.digests(file.path)
        return content.etag == found.etag or content.sha256 == remote.stored_sha256(s3, bucket, prefix + found.key)

    def equal(batch: Sequence[tuple[LocalFile, RemoteObject]]) -> set[str]:
        return {file.key for file, found in batch if is_equal(file, found)}

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return set().union(*pool.map(equal, _batches(pairs)))


def _batches(pairs: Sequence[tuple[LocalFile, RemoteObject]]) -> Iterator[list[tuple[LocalFile, RemoteObject]]]:
    """Parts of work: to hand over a small file costs a thread as much as to read it."""
    batch: list[tuple[LocalFile, RemoteObject]] = []
    size = 0
    for pair in pairs:
        batch.append(pair)
        size += pair[0].size
        if len(batch) == MOST_TOGETHER or size >= ENOUGH_BYTES:
            yield batch
            batch, size = [], 0
    yield batch


def _refuse_while_read(bucket: str, changed: Sequence[_Planned]) -> None:
    prefixes = [one.channel.prefix for one in changed]
    try:
        active = list(jobs.active(aws.client("sagemaker")))
    except Exception as error:
        if not aws.is_access_denied(error):
            raise
        places = ", ".join(f"s3://{bucket}/{prefix}" for prefix in prefixes)
        console.say(f"Not checked (no right to {aws.action_of(error)}): whether a job reads {places} now.")
        return
    for one in changed:
        readers = remote.readers(active, bucket, one.channel.prefix)
        place = f"s3://{bucket}/{one.channel.prefix}"
        if readers and one.plan.delete:
            name = readers[0]["TrainingJobName"]
            raise UserError(
                f"The job {name} is in progress and reads {place}, where objects would be deleted.",
                f"Wait until it ends (`make logs RUN={name}`) or stop it (`make stop RUN={name}`).",
            )
        for job in filter(remote.has_yet_to_read, readers):
            name = job["TrainingJobName"]
            raise UserError(
                f"The job {name} is in progress and has yet to read {place}, where objects would be uploaded.",
                f"Wait until it has read them (`make logs RUN={name}`), stop it (`make stop RUN={name}`), "
                "or copy the job file: under another name it has its own objects.",
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


def _compare(s3: Any, bucket: str, done: _Planned, sent: Mapping[str, Digests]) -> None:
    """Check that the prefix holds what the folder holds, and nothing else.

    Raises:
        UserError: it does not.
    """
    channel, after = done.channel, {found.key: found for found in remote.list_objects(s3, bucket, done.channel.prefix)}
    expected = {found.key: found.etag for found in done.before}
    expected |= {file.key: sent[channel.prefix + file.key].etag for file in done.plan.upload}
    files = {file.key: file for file in done.folder.files}
    suspected = unexpected_keys(files.values(), expected, after.values())
    # With KMS keys, no ETag is predictable: the stored SHA-256 decides.
    pairs = [(files[key], after[key]) for key in suspected if key in files and key in after]
    wrong = sorted(suspected - _equal_keys(s3, bucket, channel.prefix, pairs))
    if wrong:
        more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        raise UserError(
            f"s3://{bucket}/{channel.prefix} is not equal to {channel.folder} after the upload: {wrong[0]}{more}.",
            "Another command has changed the objects meanwhile, perhaps `make data` elsewhere. "
            "Run the same command again when it has ended.",
        )


def _delete(s3: Any, bucket: str, keys: Sequence[str]) -> None:
    for start in range(0, len(keys), DELETED_AT_ONCE):
        batch = [{"Key": key} for key in keys[start : start + DELETED_AT_ONCE]]
        response = s3.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})
        for error in response.get("Errors", [])[:1]:
            raise UserError(
                f"S3 did not delete s3://{bucket}/{error['Key']}: {error.get('Code')}: {error.get('Message')}",
                "Ask for the right to s3:DeleteObject on the bucket, then run the same command again.",
            )
