"""Uploads a job's model and output, merged from all its hosts, to the same places as AWS.

These are ``<S3OutputPath>/<job>/output/model.tar.gz`` and ``output.tar.gz`` in the same folder. With CompressionType
NONE, the files themselves go below ``output/model/`` and ``output/data/``.
"""

import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.localcloud.sagemaker import s3paths
from scripts.localcloud.sagemaker.layout import Layout

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FAST_GZIP = 1


@dataclass(frozen=True)
class MergedFolder:
    """The folders of several hosts as one.

    Attributes:
        entries: each path below the folder, parents first, and the file or folder that it stands for.
        conflicts: the paths that are skipped, each with its host and the first host that has the same path.
    """

    entries: tuple[tuple[str, Path], ...]
    conflicts: tuple[tuple[str, str, str], ...]


def merge(folders: Mapping[str, Path]) -> MergedFolder:
    """Merge the hosts' folders. If two hosts have the same path, the first host's is used."""
    used: dict[str, tuple[str, Path]] = {}
    conflicts = []
    for host, folder in folders.items():
        for name, path in _list_folder(folder):
            # A conflict is the same path in another host's folder, or a file where this host has a folder.
            parents = [str(parent) for parent in Path(name).parents][:-1]
            found = [used[other] for other in (*parents, name) if other in used and not _is_folder(used[other][1])]
            if name in used and not _is_folder(path):
                found.append(used[name])
            if found:
                conflicts.append((name, host, found[0][0]))
            elif name not in used:
                used[name] = host, path
    return MergedFolder(tuple((name, path) for name, (_, path) in sorted(used.items())), tuple(conflicts))


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
        log: gets a line for each path that is skipped because another host has it.

    Returns:
        The URI for ModelArtifacts; None without a model.
    """
    output = request["OutputDataConfig"]
    uri = s3paths.join(output["S3OutputPath"], request["TrainingJobName"], "output")
    compressed = output.get("CompressionType", "GZIP") == "GZIP"
    folder = layouts[0].base.parent  # For the archives. It is deleted with the job.
    output_data = merge({layout.host: layout.output for layout in layouts})
    if output_data.entries:
        _log_conflicts("output/data", output_data, log)
        _upload(s3, output_data, folder, uri, "output" if compressed else "data", compressed)
    if not with_model:
        return None
    model = merge({layout.host: layout.model for layout in layouts})
    _log_conflicts("model", model, log)
    return _upload(s3, model, folder, uri, "model", compressed)


def _log_conflicts(folder: str, content: MergedFolder, log: Callable[[str], None]) -> None:
    for name, host, first in content.conflicts:
        log(f"{folder}/{name} of {host} is skipped: {first} has the same path")


def _upload(s3: "S3Client", content: MergedFolder, folder: Path, uri: str, name: str, compressed: bool) -> str:
    bucket, key = s3paths.split(s3paths.join(uri, name))
    if not compressed:
        for path, file in content.entries:
            if file.is_file():
                s3.upload_file(str(file), bucket, f"{key}/{path}")
        return f"s3://{bucket}/{key}/"
    archive = folder / f"{name}.tar.gz"
    with tarfile.open(archive, "w:gz", compresslevel=FAST_GZIP) as packed:
        for path, file in content.entries:
            packed.add(file, path, recursive=False, filter=_as_root)
    s3.upload_file(str(archive), bucket, f"{key}.tar.gz")
    return f"s3://{bucket}/{key}.tar.gz"


def _list_folder(folder: Path) -> Iterator[tuple[str, Path]]:
    return ((path.relative_to(folder).as_posix(), path) for path in sorted(folder.rglob("*")))


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _as_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    # In SageMaker, the container's root owns the files. Also, the archive must not name the caller.
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member
