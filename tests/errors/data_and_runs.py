"""Mistakes in a channel's folder, and with runs and their models."""

import io
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.errors.case import STACK, Case, aside, file, folder, given, job, mode, refused
from tests.errors.front import HALF
from tests.errors.scene import Given, Scene

DATA = "Data"
RUNS = "Runs"
TRAIN = "make train JOB=mistake"
WHERE = "channels.training.source of jobs/mistake.toml"
FIX = f"Put the files there or correct {WHERE}; `make digits` writes the folders of the example."
CHANNEL = job(tables='[channels.training]\nsource = "data/small"\n')
OWN = given(job('program = "own.py"', '[channels.training]\nsource = "data/small"\n'), file("trainer/own.py", ""))
MODELS = "trainyard-local-models-123456789012-us-east-1"
REFUSED_ARCHIVE = "Have the program write plain files to SM_MODEL_DIR; `aws s3 cp` fetches the archive itself."


def link(name: str, target: str) -> Given:
    @contextmanager
    def made(scene: Scene) -> Iterator[None]:
        (scene.folder / name).symlink_to(target)
        yield

    return made


@contextmanager
def a_file_that_grows(scene: Scene) -> Iterator[None]:
    """Somebody writes on while it is uploaded."""
    path = scene.folder / "data/small/0/log.png"
    ended = threading.Event()

    def write() -> None:
        with path.open("a") as log:
            while not ended.is_set():
                log.write("more\n")
                log.flush()
                time.sleep(0.001)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        ended.set()
        writer.join()
        scene.client("s3").delete_object(
            Bucket="trainyard-local-data-123456789012-us-east-1", Key="mistake/training/0/log.png"
        )


@contextmanager
def two_runs(scene: Scene) -> Iterator[None]:
    with folder("runs/twin-20260101-000000-aaaa", "x")(scene), folder("runs/twin-20260101-000000-bbbb", "x")(scene):
        yield


def archive(*members: tuple[str, bytes, str], cut: bool = False) -> Given:
    """In place of the demo's model an archive with these members: name, kind, link's target."""

    @contextmanager
    def put(scene: Scene) -> Iterator[None]:
        held = io.BytesIO()
        with tarfile.open(fileobj=held, mode="w:gz") as tar:
            for name, kind, target in members:
                member = tarfile.TarInfo(name)
                member.type, member.linkname = kind, target
                tar.addfile(member)
        s3, key = scene.client("s3"), f"digits/{scene.run}/output/model.tar.gz"
        before = s3.get_object(Bucket=MODELS, Key=key)["Body"].read()
        content = held.getvalue()
        s3.put_object(Bucket=MODELS, Key=key, Body=content[: len(content) // 2] if cut else content)
        with aside("runs/{run}/model")(scene):
            yield
        s3.put_object(Bucket=MODELS, Key=key, Body=before)

    return put


PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x08\x00\x00\x00\x08\x08\x00"
BOTH = job(tables='[channels.training]\nsource = "data/small"\n[channels.validation]\nsource = "data/held"\n')


def images(*names: str) -> Given:
    """Files that begin as images do: nobody looks further before the job runs."""
    return given(*(file(f"data/{name}", PNG) for name in names))


def _image(mistake: str, problem: str, fix: str, prepared: Given) -> Case:
    return Case(DATA, mistake, "make train JOB=mistake", problem, fix, prepared, STACK)


def _bad(mistake: str, name: str, kind: bytes, reason: str, target: str = "") -> Case:
    return Case(
        RUNS,
        mistake,
        "make model RUN={run}",
        f"The model's archive was not unpacked: its member {name!r} {reason}.",
        REFUSED_ARCHIVE,
        archive(("labels.json", tarfile.REGTYPE, ""), (name, kind, target)),
        STACK,
    )


@contextmanager
def a_connection_that_breaks(scene: Scene) -> Iterator[None]:
    with aside("runs/{run}/model")(scene), scene.cloud.answering("s3:GetObject", HALF, "model.tar.gz"):
        yield
        assert list((scene.folder / "runs" / scene.run).glob(".model-*")) == []


CASES = (
    Case(
        DATA,
        "a channel's folder that does not exist",
        TRAIN,
        f"The folder data/small ({WHERE}) does not exist.",
        FIX,
        CHANNEL,
        STACK,
    ),
    Case(
        DATA,
        "an empty folder",
        TRAIN,
        f"The folder data/small ({WHERE}) holds no file.",
        FIX,
        given(CHANNEL, folder("data/small")),
        STACK,
    ),
    Case(
        DATA,
        "a file in place of a folder",
        "make data JOB=mistake",
        f"data/small ({WHERE}) is a file, and a channel is a folder.",
        FIX,
        given(CHANNEL, file("data/small", "x")),
        STACK,
    ),
    Case(
        DATA,
        "a folder that you may not read",
        "make data JOB=mistake",
        "data/small/1 cannot be read: Permission denied.",
        "Give yourself the right to read it.",
        given(CHANNEL, folder("data/small", "0/a.png", "1/b.png"), mode("data/small/1", 0)),
        STACK,
    ),
    Case(
        DATA,
        "a file that you may not read",
        "make data JOB=mistake",
        "data/small/1/b.png cannot be read as a file.",
        "Give yourself the right to read it, or take it away.",
        given(CHANNEL, folder("data/small", "0/a.png", "1/b.png"), mode("data/small/1/b.png", 0)),
        STACK,
    ),
    Case(
        DATA,
        "a label's folder with nothing in it",
        "make data JOB=mistake",
        f"The folder data/small/1 ({WHERE}) holds no file: S3 has no empty folders, so the job would not see it.",
        "Put the files there, or take the folder away.",
        given(CHANNEL, folder("data/small", "0/a.png", "1/")),
        STACK,
    ),
    _image(
        "a label's folder with no image in it",
        "The label's folder data/small/1 holds no image (.jpeg, .jpg, .png).",
        "Put images there, or take the folder away.",
        given(CHANNEL, images("small/0/a.png"), file("data/small/1/notes.txt", "x")),
    ),
    _image(
        "files that are no images",
        "2 of 4 files cannot be read as images: data/small/0/b.png, data/small/1/b.jpg.",
        "Take them away, or train without them: the hyperparameter unreadable=skip.",
        given(
            CHANNEL,
            images("small/0/a.png", "small/1/a.png"),
            file("data/small/0/b.png", "no image"),
            file("data/small/1/b.jpg", b""),
        ),
    ),
    _image(
        "labels that differ in case only",
        "Labels of data/small differ in case only: Cat, cat.",
        "Put their images together, or give one another name.",
        given(CHANNEL, images("small/Cat/a.png", "small/cat/a.png")),
    ),
    _image(
        "a validation label that training never sees",
        "data/held holds labels that the training images do not have: 7.",
        "Put images of them into the training folder too, or take these away.",
        given(BOTH, images("small/0/a.png", "small/1/a.png", "held/0/a.png", "held/7/a.png")),
    ),
    Case(
        DATA,
        "a symbolic link that leads out of the folder",
        "make data JOB=mistake",
        "data/small/0/link.png is a symbolic link that leads out of the folder, to /etc/hostname.",
        "Put the file itself into the folder.",
        given(CHANNEL, folder("data/small", "0/a.png"), link("data/small/0/link.png", "/etc/hostname")),
        STACK,
    ),
    Case(
        DATA,
        "a symbolic link to a folder",
        "make data JOB=mistake",
        "data/small/1 is a symbolic link to a folder, which would not be uploaded.",
        "Put the folder itself there, or name its real path as the channel's source.",
        given(CHANNEL, folder("data/small", "0/a.png"), link("data/small/1", "0")),
        STACK,
    ),
    Case(
        DATA,
        "a file that changes while it is uploaded",
        "make data JOB=mistake",
        "data/small/0/log.png changed while it was uploaded.",
        "Run the same command again when it is no longer written to.",
        given(OWN, folder("data/small", "0/log.png"), a_file_that_grows),
        STACK,
        ("/0/log.png",),  # the file itself, and its object: the next synchronisation mends that
    ),
    Case(
        RUNS,
        "a run that does not exist",
        "make logs RUN=digist-20260101",
        "There is no training job digist-20260101 in us-east-1.",
        "Did you mean RUN=digits-…? `make jobs` lists them.",
        on=STACK,
    ),
    Case(
        RUNS,
        "the beginning of several runs",
        "make model RUN=twin",
        "RUN=twin is the beginning of 2 runs.",
        "Type more of one: twin-20260101-000000-aaaa, twin-20260101-000000-bbbb",
        two_runs,
        STACK,
    ),
    Case(
        RUNS,
        "no run named",
        "make stop",
        "No run is named.",
        "Name one with RUN=, such as RUN=….",
        on=STACK,
    ),
    Case(
        RUNS,
        "a run that is of another account, or gone",
        "make model RUN=twin-20260101-000000-aaaa",
        "SageMaker has no training job twin-20260101-000000-aaaa in us-east-1: Requested resource not found.",
        "`make jobs` lists what is there; another account, region or a local cloud that is gone may have had it.",
        two_runs,
        STACK,
    ),
    Case(
        RUNS,
        "the model of a job in progress",
        "make model RUN={sleeper}",
        "The job {sleeper} is InProgress: it has no model yet.",
        "Wait for its end: `make logs RUN={sleeper}`.",
        on=STACK,
    ),
    Case(
        RUNS,
        "the model of a job that left none",
        "make model RUN={failed}",
        "The job {failed} is Failed and left no model.",
        "Its log says why: `make logs RUN={failed}`.",
        on=STACK,
    ),
    Case(
        RUNS,
        "a model that somebody has deleted",
        "make model RUN={run}",
        f"The job's model is not at s3://{MODELS}/digits/{{run}}/output/model.tar.gz (any more).",
        "See whether the bucket keeps an older version, or run the job again.",
        given(aside("runs/{run}/model"), refused("s3:HeadObject", "404", "Not Found", 404)),
        STACK,
    ),
    _bad("an archive with an absolute path", "/tmp/evil", tarfile.REGTYPE, "leads out of the folder"),
    _bad("an archive with `..`", "../evil", tarfile.REGTYPE, "leads out of the folder"),
    _bad("an archive with a link", "evil", tarfile.SYMTYPE, "is neither a file nor a folder", "/etc/passwd"),
    _bad("an archive with a device", "evil", tarfile.CHRTYPE, "is neither a file nor a folder"),
    Case(
        RUNS,
        "an archive that is not whole",
        "make model RUN={run}",
        "The model's archive cannot be read: ….",
        "Run the same command again, or the job if it stays so.",
        archive(("labels.json", tarfile.REGTYPE, ""), cut=True),
        STACK,
    ),
    Case(
        RUNS,
        "a download that breaks off again and again",
        "make model RUN={run}",
        "The connection to AWS broke off: ….",
        "Run the same command again: what was complete is kept, nothing half-written has its final name.",
        a_connection_that_breaks,
        STACK,
    ),
    Case(
        RUNS,
        "a file where the run's folder belongs",
        "make model RUN={done}",
        "runs/{done} is a file, and the run's folder belongs there.",
        "Take it away, then run the same command again.",
        lambda scene: file(f"runs/{scene.words['done']}", "x")(scene),
        STACK,
    ),
)
