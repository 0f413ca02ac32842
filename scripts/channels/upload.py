"""Uploads files to S3, several at once. A file that changes meanwhile ends the upload with an error."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from scripts.channels import local, remote, unfinished
from scripts.channels.local import Digests, LocalFile
from scripts.core import progress
from scripts.core.errors import UserError

if TYPE_CHECKING:
    from s3transfer.futures import TransferFuture

AT_ONCE = 10  # requests at the same time; botocore's connection pool has room for this many


def upload(s3: Any, bucket: str, files: Sequence[tuple[str, LocalFile]]) -> dict[str, Digests]:
    """Upload files.

    Args:
        s3: the client.
        bucket: the bucket.
        files: each file with the prefix of its object.

    Returns:
        The digests of what was uploaded, by the object's key.

    Raises:
        UserError: a file changed before its upload ended.
    """
    sent: dict[str, Digests] = {}
    if not files:
        return sent
    in_parts = {prefix + file.key for prefix, file in files if file.size >= local.PART_SIZE}
    with (
        unfinished.none_left(s3, bucket, in_parts),
        progress.transfer("Uploading", len(files), sum(file.size for _, file in files)) as shown,
        # Leaving the manager waits for running uploads. An exception or an interrupt cancels the others.
        _manager(s3) as manager,
    ):
        uploads = []
        for prefix, file in files:
            key = prefix + file.key
            sent[key] = local.digests(file.path)
            # S3 verifies each request by its checksum. The next synchronisation reads the metadata.
            extra = {"ChecksumAlgorithm": "SHA256", "Metadata": {remote.SHA256: sent[key].sha256}}
            uploads.append((file, manager.upload(str(file.path), bucket, key, extra, [_report(shown)])))
        for file, future in uploads:
            _await(file, future)
    return sent


def _await(file: LocalFile, future: "TransferFuture") -> None:
    failure: Exception | None = None
    try:
        future.result()
    except Exception as error:
        if not file.changed():
            raise
        failure = error
    if file.changed():
        raise UserError(
            f"{file.path} changed during its upload.",
            "Run the same command again when no program writes to the file any more.",
        ) from failure


def _report(shown: progress.Transfer) -> Any:
    """A subscriber of one file's upload, for the progress."""
    from s3transfer.subscribers import BaseSubscriber

    class Report(BaseSubscriber):
        # s3transfer passes these arguments by name, so their names are fixed.

        def on_progress(self, future: "TransferFuture", bytes_transferred: int, **kwargs: Any) -> None:  # noqa: ARG002 - s3transfer names them
            shown.moved(bytes_transferred)

        def on_done(self, future: "TransferFuture", **kwargs: Any) -> None:  # noqa: ARG002 - s3transfer names them
            future.result()  # raises if the upload failed or was cancelled, and s3transfer ignores that here
            shown.finished()

    return Report()


def _manager(s3: Any) -> Any:
    """s3transfer's manager, whose requests end at once if their file has become shorter.

    Otherwise S3 waits for the bytes that the request has announced, until a timeout, and that several times.
    """
    from boto3.s3.transfer import TransferConfig, create_transfer_manager
    from s3transfer.utils import OSUtils, ReadFileChunk

    class Body(ReadFileChunk):
        broken = sending = False

        def signal_transferring(self) -> None:
            self.sending = True
            super().signal_transferring()

        def signal_not_transferring(self) -> None:
            self.sending = False
            super().signal_not_transferring()

        def read(self, amount: int | None = None) -> bytes:
            left = len(self) - self.tell()
            try:
                data: bytes = b"" if self.broken else super().read(amount)
            except Exception:  # another upload has failed, and s3transfer cancels this one
                self.broken, data = True, b""
            self.broken |= not data and left > 0 and amount != 0
            # Before it is sent, the request's signature reads the body, in a library that prints the traceback of every
            # exception. So the error is raised only when the request is sent.
            if self.broken and self.sending:
                raise OSError("the file has become shorter, or the upload was cancelled")
            return data

        def seek(self, where: int, whence: int = 0) -> None:
            if self.broken and self.sending:
                raise OSError("a body that ended early cannot be sent again")  # so botocore does not try
            super().seek(where, whence)

    class Files(OSUtils):
        def open_file_chunk_reader_from_fileobj(
            self,
            fileobj: Any,
            chunk_size: int,
            full_file_size: int,
            callbacks: Any,
            close_callbacks: Any = None,
        ) -> Body:
            return Body(fileobj, chunk_size, full_file_size, callbacks, False, close_callbacks)

    config = TransferConfig(
        max_concurrency=AT_ONCE, multipart_threshold=local.PART_SIZE, multipart_chunksize=local.PART_SIZE
    )
    return create_transfer_manager(s3, config, Files())
