"""What a job leaves: model and output of all its hosts, packed and put where AWS puts them.

``<S3OutputPath>/<job>/output/model.tar.gz`` and ``output.tar.gz`` beside it; with CompressionType NONE the files
themselves under ``output/model/`` and ``output/data/``.
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
class Merged:
    """The folders of several hosts as one.

    Attributes:
        entries: each path below the folder, parents first, and where it is.
        clashes: the paths that are left out, each with its host and the host that has it already.
    """

    entries: tuple[tuple[str, Path], ...]
    clashes: tuple[tuple[str, str, str], ...]


def merged(folders: Mapping[str, Path]) -> Merged:
    """Lay hosts' folders over one another; where two have a path, the first host's stays."""
    taken: dict[str, tuple[str, Path]] = {}
    clashes = []
    for host, folder in folders.items():
        for name, path in _below(folder):
            # The path itself, or a file where this host has a folder.
            parents = [str(parent) for parent in Path(name).parents][:-1]
            found = [taken[other] for other in (*parents, name) if other in taken and not _is_folder(taken[other][1])]
            if name in taken and not _is_folder(path):
                found.append(taken[name])
            if found:
                clashes.append((name, host, found[0][0]))
            elif name not in taken:
                taken[name] = host, path
    return Merged(tuple((name, path) for name, (_, path) in sorted(taken.items())), tuple(clashes))


def upload(
    s3: "S3Client",
    layouts: Sequence[Layout],
    request: Mapping[str, Any],
    with_model: bool,
    say: Callable[[str], None],
) -> str | None:
    """Put the job's results into S3.

    Args:
        s3: a client that may write there.
        layouts: the hosts' folders.
        request: CreateTrainingJob's parameters.
        with_model: whether the model is wanted; a failed job leaves none.
        say: gets a line for each file that two hosts have.

    Returns:
        The URI for ModelArtifacts; None without a model.
    """
    output = request["OutputDataConfig"]
    uri = s3paths.join(output["S3OutputPath"], request["TrainingJobName"], "output")
    compressed = output.get("CompressionType", "GZIP") == "GZIP"
    place = layouts[0].base.parent  # For the archives: it goes with the job.
    results = merged({layout.host: layout.output for layout in layouts})
    if results.entries:
        _say_clashes("output/data", results, say)
        _upload(s3, results, place, uri, "output" if compressed else "data", compressed)
    if not with_model:
        return None
    model = merged({layout.host: layout.model for layout in layouts})
    _say_clashes("model", model, say)
    return _upload(s3, model, place, uri, "model", compressed)


def _say_clashes(folder: str, content: Merged, say: Callable[[str], None]) -> None:
    for name, host, first in content.clashes:
        say(f"{folder}/{name} of {host} is left out: {first} has one too")


def _upload(s3: "S3Client", content: Merged, place: Path, uri: str, name: str, compressed: bool) -> str:
    bucket, key = s3paths.split(s3paths.join(uri, name))
    if not compressed:
        for path, file in content.entries:
            if file.is_file():
                s3.upload_file(str(file), bucket, f"{key}/{path}")
        return f"s3://{bucket}/{key}/"
    archive = place / f"{name}.tar.gz"
    with tarfile.open(archive, "w:gz", compresslevel=FAST_GZIP) as packed:
        for path, file in content.entries:
            packed.add(file, path, recursive=False, filter=_as_root)
    s3.upload_file(str(archive), bucket, f"{key}.tar.gz")
    return f"s3://{bucket}/{key}.tar.gz"


def _below(folder: Path) -> Iterator[tuple[str, Path]]:
    return ((path.relative_to(folder).as_posix(), path) for path in sorted(folder.rglob("*")))


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _as_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    # As the container's root would own it; and the caller's name is nobody's business.
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member
