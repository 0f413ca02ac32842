"""What a job leaves: model and output, packed and put where AWS puts them.

``<S3OutputPath>/<job>/output/model.tar.gz`` and ``output.tar.gz`` beside it; with CompressionType NONE the files
themselves under ``output/model/`` and ``output/data/``.
"""

import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.localcloud.sagemaker import s3paths
from scripts.localcloud.sagemaker.layout import Layout

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FAST_GZIP = 1


def upload(s3: "S3Client", layout: Layout, request: Mapping[str, Any], with_model: bool) -> str | None:
    """Put the job's results into S3.

    Args:
        s3: a client that may write there.
        layout: the job's folder.
        request: CreateTrainingJob's parameters.
        with_model: whether the model is wanted; a failed job leaves none.

    Returns:
        The URI for ModelArtifacts; None without a model.
    """
    output = request["OutputDataConfig"]
    uri = s3paths.join(output["S3OutputPath"], request["TrainingJobName"], "output")
    compressed = output.get("CompressionType", "GZIP") == "GZIP"
    if any(layout.output.iterdir()):
        _upload(s3, layout.output, uri, "output" if compressed else "data", compressed)
    if not with_model:
        return None
    return _upload(s3, layout.model, uri, "model", compressed)


def _upload(s3: "S3Client", folder: Path, uri: str, name: str, compressed: bool) -> str:
    bucket, key = s3paths.split(s3paths.join(uri, name))
    if not compressed:
        for file in _files(folder):
            s3.upload_file(str(file), bucket, f"{key}/{file.relative_to(folder).as_posix()}")
        return f"s3://{bucket}/{key}/"
    archive = folder.parent / f"{name}.tar.gz"
    with tarfile.open(archive, "w:gz", compresslevel=FAST_GZIP) as packed:
        for entry in sorted(folder.iterdir()):
            packed.add(entry, entry.name, filter=_as_root)
    s3.upload_file(str(archive), bucket, f"{key}.tar.gz")
    return f"s3://{bucket}/{key}.tar.gz"


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _as_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    # As the container's root would own it; and the caller's name is nobody's business.
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member
