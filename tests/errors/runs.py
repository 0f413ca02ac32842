"""Errors with runs and their models."""

import gzip
import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager

from tests.errors.case import STACK, Case, aside, file, folder, given, refused
from tests.errors.front import HALF
from tests.errors.scene import Given, Scene
from tests.unit.runs.archives import sparse

GROUP = "Runs"
MODELS = "trainyard-local-models-123456789012-us-east-1"
ARCHIVE = f"s3://{MODELS}/digits/{{run}}/output/model.tar.gz"
REFUSED_ARCHIVE = (
    f"Make the program write plain files to SM_MODEL_DIR; `aws s3 cp {ARCHIVE} .` downloads the archive itself."
)


@contextmanager
def two_runs(scene: Scene) -> Iterator[None]:
    with folder("runs/twin-20260101-000000-aaaa", "x")(scene), folder("runs/twin-20260101-000000-bbbb", "x")(scene):
        yield


def archive(*members: tuple[str, bytes, str], cut: bool = False) -> Given:
    """Replace the demo's model with an archive of these members: name, kind, link's target."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as tar:
        for name, kind, target in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            tar.addfile(member)
    content = held.getvalue()
    return archive_of(content[: len(content) // 2] if cut else content)


def archive_of(content: bytes) -> Given:
    """Replace the demo's model with these bytes."""

    @contextmanager
    def put(scene: Scene) -> Iterator[None]:
        s3, key = scene.client("s3"), f"digits/{scene.run}/output/model.tar.gz"
        before = s3.get_object(Bucket=MODELS, Key=key)["Body"].read()
        s3.put_object(Bucket=MODELS, Key=key, Body=content)
        with aside("runs/{run}/model")(scene):
            yield
        s3.put_object(Bucket=MODELS, Key=key, Body=before)

    return put


def _bad(title: str, name: str, kind: bytes, reason: str, target: str = "") -> Case:
    shown = name if len(name) < 100 else f"{name[:60]}…"
    return Case(
        GROUP,
        title,
        "make model RUN={run}",
        f"The model's archive was not unpacked: its member {shown!r} {reason}.",
        REFUSED_ARCHIVE,
        archive(("labels.json", tarfile.REGTYPE, ""), (name, kind, target)),
        STACK,
    )


@contextmanager
def other_results(scene: Scene) -> Iterator[None]:
    """An archive of other results beside the demo's model; our trainer's own has another name."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo("scores.csv"))
    s3, key = scene.client("s3"), f"digits/{scene.run}/output/output.tar.gz"
    listed = s3.list_objects_v2(Bucket=MODELS, Prefix=key)
    before = s3.get_object(Bucket=MODELS, Key=key)["Body"].read() if listed["KeyCount"] else None
    s3.put_object(Bucket=MODELS, Key=key, Body=held.getvalue())
    yield
    if before is None:
        s3.delete_object(Bucket=MODELS, Key=key)
    else:
        s3.put_object(Bucket=MODELS, Key=key, Body=before)


@contextmanager
def a_connection_that_breaks(scene: Scene) -> Iterator[None]:
    with aside("runs/{run}/model")(scene), scene.cloud.answering("s3:GetObject", HALF, "model.tar.gz"):
        yield
        assert list((scene.folder / "runs" / scene.run).glob(".model-*")) == []


CASES = (
    Case(
        GROUP,
        "a run that does not exist",
        "make logs RUN=digist-20260101",
        "There is no training job digist-20260101 in us-east-1.",
        "Did you mean RUN=digits-…? `make jobs` lists them.",
        on=STACK,
    ),
    Case(
        GROUP,
        "the beginning of several runs",
        "make model RUN=twin",
        "RUN=twin matches 2 runs.",
        "Type more of the name: twin-20260101-000000-aaaa, twin-20260101-000000-bbbb",
        two_runs,
        STACK,
    ),
    Case(
        GROUP,
        "no run named",
        "make stop",
        "No run is named.",
        "Name one with RUN=, such as RUN=….",
        on=STACK,
    ),
    Case(
        GROUP,
        "a run of another account, or of an earlier local cloud",
        "make model RUN=twin-20260101-000000-aaaa",
        "SageMaker has no training job twin-20260101-000000-aaaa in us-east-1: Requested resource not found.",
        "`make jobs` lists the jobs. This one may be in another account or region, or in an earlier local cloud.",
        two_runs,
        STACK,
    ),
    Case(
        GROUP,
        "the model of a job in progress",
        "make model RUN={sleeper}",
        "The job {sleeper} is InProgress: it has no model yet.",
        "Wait until it ends: `make logs RUN={sleeper}`.",
        on=STACK,
    ),
    Case(
        GROUP,
        "a job without a model",
        "make model RUN={failed}",
        "The job {failed} is Failed and left no model.",
        "Its log says why: `make logs RUN={failed}`.",
        on=STACK,
    ),
    Case(
        GROUP,
        "a model that somebody has deleted",
        "make model RUN={run}",
        f"The job's model is no longer at {ARCHIVE}.",
        f"`aws s3api list-object-versions --bucket {MODELS} --prefix digits/{{run}}/output/model.tar.gz` "
        "lists its older versions.",
        given(aside("runs/{run}/model"), refused("s3:HeadObject", "404", "Not Found", 404)),
        STACK,
    ),
    Case(
        GROUP,
        "a job that left neither a model nor other results",
        "make model RUN={run}",
        "{run} left nothing: SM_MODEL_DIR and SM_OUTPUT_DATA_DIR were empty when its program ended.",
        "The end of its log says where its program did write (`make logs RUN={run}`). "
        'Let it write to os.environ["SM_MODEL_DIR"]: docs/bring-your-own-script.md.',
        given(
            archive((".", tarfile.DIRTYPE, "")), refused("s3:GetObject", "NoSuchKey", "x", 404, place="output.tar.gz")
        ),
        STACK,
    ),
    Case(
        GROUP,
        "a job that left other results, and no model",
        "make model RUN={run}",
        f"{{run}} left no model: SM_MODEL_DIR was empty. It left other results: s3://{MODELS}/….",
        f"`aws s3 cp s3://{MODELS}/digits/{{run}}/output/output.tar.gz .` downloads them. "
        "A model must be in SM_MODEL_DIR when the program ends.",
        given(archive((".", tarfile.DIRTYPE, "")), other_results),
        STACK,
    ),
    _bad("an archive with an absolute path", "/tmp/evil", tarfile.REGTYPE, "leads out of the folder"),
    _bad("an archive with `..`", "../evil", tarfile.REGTYPE, "leads out of the folder"),
    _bad("a link that leads out", "evil", tarfile.SYMTYPE, "is a link that leads out of the folder", "/etc/passwd"),
    _bad("a file that is also a folder", "labels.json", tarfile.DIRTYPE, "is a file and also a folder"),
    _bad("a name of 300 characters", "x" * 300, tarfile.REGTYPE, "has a longer name than a file can have"),
    _bad("a file without a name", ".", tarfile.REGTYPE, "is not the name of a file"),
    Case(
        GROUP,
        "an archive that is larger than the disk when it is unpacked",
        "make model RUN={run}",
        "The model does not fit on the disk: it needs 8796.1 GB, and the disk of runs/{run} has … left.",
        f"Free some space, then run the same command again. `aws s3 cp {ARCHIVE} FOLDER` downloads it elsewhere.",
        archive_of(gzip.compress(sparse("hole", 8 << 40) + bytes(1024))),
        STACK,
    ),
    Case(
        GROUP,
        "an archive of zeros, made to fill the disk",
        "make model RUN={run}",
        "The model's archive was not unpacked: its … would become 1.1 GB.",
        f"If you trust the program that made it: `aws s3 cp {ARCHIVE} .` downloads it, and `tar xzf` unpacks it.",
        archive_of(gzip.compress(sparse("hole", 1 << 30) + bytes(1024))),
        STACK,
    ),
    _bad("an archive with a device", "evil", tarfile.CHRTYPE, "is neither a file nor a folder"),
    Case(
        GROUP,
        "an incomplete archive",
        "make model RUN={run}",
        "The model's archive cannot be read: ….",
        f"Run the same command again. If the error stays, `aws s3 cp {ARCHIVE} .` downloads the archive as it is.",
        archive(("labels.json", tarfile.REGTYPE, ""), cut=True),
        STACK,
    ),
    Case(
        GROUP,
        "a download that fails again and again",
        "make model RUN={run}",
        "The connection to AWS was lost: ….",
        "Run the same command again. Complete files are kept; no incomplete file has its final name.",
        a_connection_that_breaks,
        STACK,
    ),
    Case(
        GROUP,
        "a file with the name of the run's folder",
        "make model RUN={done}",
        "runs/{done} is a file, but it must be the run's folder.",
        "Move it away, then run the same command again.",
        lambda scene: file(f"runs/{scene.words['done']}", "x")(scene),
        STACK,
    ),
)
