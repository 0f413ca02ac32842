"""Uploads a job's model and output, merged from all its hosts, to the same places as AWS.

These are ``<S3OutputPath>/<job>/output/model.tar.gz`` and ``output.tar.gz`` in the same folder. With CompressionType
NONE, the files themselves go below ``output/model/`` and ``output/data/``.
"""

import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from scripts.localcloud.sagemaker import s3paths
from scripts.localcloud.sagemaker.layout import Layout
from scripts.localcloud.sagemaker.program_files import (
    ChangedFileError,
    Entry,
    ProgramFile,
    ProgramFolder,
    sentences,
    shown,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FAST_GZIP = 1


@dataclass(frozen=True)
class MergedFolder:
    """The folders of several hosts as one.

    Attributes:
        entries: each file and folder in them, parents first, and its host.
        conflicts: the paths that are skipped, each with its host and the first host that has the same path.
    """

    entries: tuple[tuple[Entry, str], ...]
    conflicts: tuple[tuple[str, str, str], ...]


def merge(folders: Mapping[str, Sequence[Entry]]) -> MergedFolder:
    """Merge the hosts' folders. If two hosts have the same path, the first host's is used."""
    used: dict[str, tuple[Entry, str]] = {}
    conflicts = []
    for host, entries in folders.items():
        for entry in entries:
            # A conflict is the same path in another host's folder, or a file where this host has a folder.
            parents = [str(parent) for parent in PurePosixPath(entry.path).parents][:-1]
            found = [used[other] for other in (*parents, entry.path) if other in used and not used[other][0].is_folder]
            if entry.path in used and not entry.is_folder:
                found.append(used[entry.path])
            if found:
                conflicts.append((entry.path, host, found[0][1]))
            elif entry.path not in used:
                used[entry.path] = entry, host
    return MergedFolder(tuple(used[path] for path in sorted(used)), tuple(conflicts))


def upload(
    s3: "S3Client",
    layouts: Sequence[Layout],
    request: Mapping[str, Any],
    with_model: bool,
    log: Callable[[str], None],
) -> str | None:
    """Upload the job's results to S3.

    Args:
        s3: a client that may write there.
        layouts: the hosts' folders.
        request: CreateTrainingJob's parameters.
        with_model: whether to upload the model; a failed job has none.
        log: gets a line for each path that is skipped: another host has it, or it is not a file that can be read.

    Returns:
        The URI for ModelArtifacts; None without a model.
    """
    output = request["OutputDataConfig"]
    uri = s3paths.join(output["S3OutputPath"], request["TrainingJobName"], "output")
    compressed = output.get("CompressionType", "GZIP") == "GZIP"
    archives = layouts[0].base.parent  # For the archives. It is deleted with the job.
    folders = {layout.host: layout.program_folder(layout.output) for layout in layouts}
    key_id = output.get("KmsKeyId")
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key_id} if key_id else {}
    output_data = _Folder(folders, "output/data", compressed, encryption, log)
    if output_data.content.entries:
        output_data.upload(s3, archives, uri, "output" if compressed else "data", compressed)
    if not with_model:
        return None
    folders = {layout.host: layout.program_folder(layout.model) for layout in layouts}
    model = _Folder(folders, "model", compressed, encryption, log)
    return model.upload(s3, archives, uri, "model", compressed)


class _Folder:
    """A folder of all hosts, listed and merged; the log has a line for each path that is skipped.

    An archive keeps a link that stays inside the folder as a link: nothing is read through it.
    """

    def __init__(
        self,
        hosts: Mapping[str, ProgramFolder],
        title: str,
        with_links: bool,
        encryption: dict[str, str],
        log: Callable[[str], None],
    ) -> None:
        self._hosts = hosts
        self._title = title
        self._encryption = encryption
        self._log = log
        entries = {}
        for host, folder in hosts.items():
            found = folder.list()
            entries[host] = sorted((*found.entries, *(found.links if with_links else ())), key=lambda one: one.path)
            for line in sentences(title, found.not_read(with_links)):
                log(line if len(hosts) == 1 else f"{host}: {line}")
        self.content = merge(entries)
        for path, host, first in self.content.conflicts:
            log(f"{shown(f'{title}/{path}')} of {host} is skipped: {first} has the same path")

    def upload(self, s3: "S3Client", archives: Path, uri: str, name: str, compressed: bool) -> str:
        """Upload the files, or one archive of them; returns the URI."""
        bucket, key = s3paths.split(s3paths.join(uri, name))
        if not compressed:
            for entry, file in self._files():
                if file:
                    s3.upload_fileobj(file, bucket, f"{key}/{entry.path}", ExtraArgs=self._encryption)
            return f"s3://{bucket}/{key}/"
        archive = archives / f"{name}.tar.gz"
        with tarfile.open(archive, "w:gz", compresslevel=FAST_GZIP) as packed:
            for entry, file in self._files():
                packed.addfile(_member(entry, file), file)
        s3.upload_file(str(archive), bucket, f"{key}.tar.gz", ExtraArgs=self._encryption)
        return f"s3://{bucket}/{key}.tar.gz"

    def _files(self) -> Iterator[tuple[Entry, ProgramFile | None]]:
        """Yield each folder, and each file with its open file. A file that cannot be read is skipped, with a line."""
        for entry, host in self.content.entries:
            if entry.is_folder or entry.target:
                yield entry, None
                continue
            try:
                with self._hosts[host].open(entry.path) as file:
                    yield entry, file
            except (OSError, ChangedFileError) as error:
                self._log(f"{shown(f'{self._title}/{entry.path}')} of {host} is skipped: {error}")


def _member(entry: Entry, file: ProgramFile | None) -> tarfile.TarInfo:
    # In SageMaker, the container's root owns the files. Also, the archive must not name the caller.
    member = tarfile.TarInfo(entry.path)
    member.uname = member.gname = "root"
    member.mode, member.mtime = entry.mode, entry.modified / 1e9
    if file:
        member.size = file.state.st_size
    else:
        member.type = tarfile.SYMTYPE if entry.target else tarfile.DIRTYPE
        member.linkname = entry.target
    return member
