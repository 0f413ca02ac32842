"""Errors in a channel's folder."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from tests.errors.case import STACK, Case, file, folder, given, job, mode
from tests.errors.scene import DATA, Given, Scene

GROUP = "Data"
TRAIN = "make train JOB=mistake"
WHERE = "channels.training.source of jobs/mistake.toml"
FIX = f"Put the files there or correct {WHERE}; `make digits` writes the folders of the example."
CHANNEL = job(tables='[channels.training]\nsource = "data/small"\n')
OWN = given(job('program = "own.py"', '[channels.training]\nsource = "data/small"\n'), file("trainer/own.py", ""))


def link(name: str, target: str) -> Given:
    @contextmanager
    def made(scene: Scene) -> Iterator[None]:
        (scene.folder / name).symlink_to(target)
        yield

    return made


PREFIX = f"s3://{DATA}/mistake/training/"


@contextmanager
def a_waiting_job_that_reads_them(scene: Scene) -> Iterator[None]:
    """Each job in progress is described as one that waits for an instance and reads the channel."""
    source = {"S3DataType": "S3Prefix", "S3Uri": PREFIX}
    described = {
        "TrainingJobName": scene.words["sleeper"],
        "TrainingJobStatus": "InProgress",
        "SecondaryStatus": "Pending",
        "InputDataConfig": [{"ChannelName": "training", "DataSource": {"S3DataSource": source}}],
    }
    with scene.cloud.answering("sagemaker:DescribeTrainingJob", described):
        yield


@contextmanager
def during_the_upload(scene: Scene, act: Callable[[], object]) -> Iterator[None]:
    """Something happens while S3 has the request with the file, and has not answered yet."""
    with scene.cloud.answering("s3:PutObject") as held:

        def wait() -> None:
            held.arrived.wait(60)
            act()
            held.release.set()

        waiting = threading.Thread(target=wait)
        waiting.start()
        yield
        waiting.join()


def a_file_that_grows(scene: Scene) -> AbstractContextManager[None]:
    """Another program writes to the file."""

    def write() -> None:
        with (scene.folder / "data/small/0/log.png").open("a") as log:
            log.write("more\n")

    return during_the_upload(scene, write)


def another_upload_meanwhile(scene: Scene) -> AbstractContextManager[None]:
    """Somebody else uploads an object into the same prefix."""
    s3 = scene.client("s3")
    return during_the_upload(scene, lambda: s3.put_object(Bucket=DATA, Key="mistake/training/1/other.png", Body=b"x"))


PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x08\x00\x00\x00\x08\x08\x00"
CHANNELS = '[channels.training]\nsource = "data/small"\n'
HELD = '[channels.validation]\nsource = "data/held"\n'
BOTH = job(tables=CHANNELS + HELD)


def images(*names: str) -> Given:
    """Files with the first bytes of an image: no check before the job reads further."""
    return given(*(file(f"data/{name}", PNG) for name in names))


def _with(hyperparameters: str, channels: str) -> Given:
    return job(tables=f"[hyperparameters]\n{hyperparameters}\n{channels}")


def _image(title: str, problem: str, fix: str, prepared: Given) -> Case:
    return Case(GROUP, title, "make train JOB=mistake", problem, fix, prepared, STACK)


CASES = (
    Case(
        GROUP,
        "a channel's folder that does not exist",
        TRAIN,
        f"The folder data/small ({WHERE}) does not exist.",
        FIX,
        CHANNEL,
        STACK,
    ),
    Case(
        GROUP,
        "an empty folder",
        TRAIN,
        f"The folder data/small ({WHERE}) contains no file.",
        FIX,
        given(CHANNEL, folder("data/small")),
        STACK,
    ),
    Case(
        GROUP,
        "a file in place of a folder",
        "make data JOB=mistake",
        f"data/small ({WHERE}) is a file, but a channel's source must be a folder.",
        FIX,
        given(CHANNEL, file("data/small", "x")),
        STACK,
    ),
    Case(
        GROUP,
        "a folder that you may not read",
        "make data JOB=mistake",
        "data/small/1 cannot be read: Permission denied.",
        "Give yourself permission to read it.",
        given(CHANNEL, folder("data/small", "0/a.png", "1/b.png"), mode("data/small/1", 0)),
        STACK,
    ),
    Case(
        GROUP,
        "a file that you may not read",
        "make data JOB=mistake",
        "data/small/1/b.png cannot be read as a file.",
        "Give yourself permission to read it, or delete it.",
        given(CHANNEL, folder("data/small", "0/a.png", "1/b.png"), mode("data/small/1/b.png", 0)),
        STACK,
    ),
    Case(
        GROUP,
        "a label's folder with nothing in it",
        "make data JOB=mistake",
        f"The folder data/small/1 ({WHERE}) contains no file: S3 has no empty folders, so the job would not see it.",
        "Put files there, or delete the folder.",
        given(CHANNEL, folder("data/small", "0/a.png", "1/")),
        STACK,
    ),
    _image(
        "a label's folder with no image in it",
        "The label folder data/small/1 contains no images (.bmp, .gif, .jpeg, .jpg, .png, .webp).",
        "Add images to it, or delete it.",
        given(CHANNEL, images("small/0/a.png"), file("data/small/1/notes.txt", "x")),
    ),
    _image(
        "a label whose images are in deeper folders",
        "The label folder data/small/1 contains no images itself; folders in it do: data/small/1/left (1).",
        "Move the images into data/small/1; or make it the channel's source, if these are the labels.",
        given(CHANNEL, images("small/0/a.png", "small/1/left/a.png")),
    ),
    _image(
        "a folder around the labels",
        "data/small contains no label folders, but archive around such folders.",
        "Make data/small/archive the channel's source.",
        given(CHANNEL, images("small/archive/0/a.png", "small/archive/1/a.png")),
    ),
    _image(
        "files that are not images",
        "2 of 4 files cannot be read as images: data/small/0/b.png, data/small/1/b.jpg.",
        "Delete them, or set the hyperparameter unreadable=skip to train without them.",
        given(
            CHANNEL,
            images("small/0/a.png", "small/1/a.png"),
            file("data/small/0/b.png", "no image"),
            file("data/small/1/b.jpg", b""),
        ),
    ),
    _image(
        "labels that differ in case only",
        "Some labels of data/small differ only in case: Cat, cat.",
        "Put their images into one folder, or rename one of the labels.",
        given(CHANNEL, images("small/Cat/a.png", "small/cat/a.png")),
    ),
    _image(
        "labels that are one name in two Unicode forms",
        "Some labels of data/small are one name in two Unicode forms: 'cafe\\u0301', 'caf\\xe9'.",
        "Put their images into one folder.",
        given(CHANNEL, images("small/caf\u00e9/a.png", "small/cafe\u0301/a.png")),
    ),
    _image(
        "patience without validation images",
        "patience=3 needs validation images, and the job has none.",
        "Add the channel validation, set validation_split=0.2, or leave patience out.",
        given(_with("patience = 3", CHANNELS), images("small/0/a.png", "small/1/a.png")),
    ),
    _image(
        "a validation split beside validation images",
        "validation_split=0.2 would take validation images from the training images, but the job has the channel "
        "validation.",
        "Leave validation_split out, or remove the channel.",
        given(
            _with("validation_split = 0.2", CHANNELS + HELD),
            images("small/0/a.png", "small/1/a.png", "held/0/a.png"),
        ),
    ),
    _image(
        "adam with weight decay",
        "optimizer=adam has no weight decay, and weight_decay is 0.01.",
        "Set optimizer=adamw, which is Adam with weight decay, or leave weight_decay out.",
        given(_with('optimizer = "adam"\nweight_decay = 0.01', CHANNELS), images("small/0/a.png", "small/1/a.png")),
    ),
    _image(
        "layers to train that do not exist",
        "train_layers=first_2 names no layers.",
        "Set all, head, or last_N with a number: last_20 trains the last 20 layers of the backbone and the head.",
        given(_with('train_layers = "first_2"', CHANNELS), images("small/0/a.png", "small/1/a.png")),
    ),
    _image(
        "a validation label that training never sees",
        "data/held contains labels that the training images do not have: 7.",
        "Add images of these labels to the training folder too, or delete their folders here.",
        given(BOTH, images("small/0/a.png", "small/1/a.png", "held/0/a.png", "held/7/a.png")),
    ),
    Case(
        GROUP,
        "a symbolic link that leads out of the folder",
        "make data JOB=mistake",
        "data/small/0/link.png is a symbolic link that leads out of the folder, to /etc/hostname.",
        "Put the file itself into the folder.",
        given(CHANNEL, folder("data/small", "0/a.png"), link("data/small/0/link.png", "/etc/hostname")),
        STACK,
    ),
    Case(
        GROUP,
        "a symbolic link to a folder",
        "make data JOB=mistake",
        "data/small/1 is a symbolic link to a folder, which would not be uploaded.",
        "Put the folder itself there, or name its real path as the channel's source.",
        given(CHANNEL, folder("data/small", "0/a.png"), link("data/small/1", "0")),
        STACK,
    ),
    Case(
        GROUP,
        "an upload into objects that a waiting job has yet to read",
        "make data JOB=mistake YES=1",
        f"The job {{sleeper}} is in progress and has yet to read {PREFIX}, where objects would be uploaded.",
        "Wait until it has read them (`make logs RUN={sleeper}`), stop it (`make stop RUN={sleeper}`), "
        "or copy the job file: under another name it has its own objects.",
        given(OWN, folder("data/small", "0/one.png"), a_waiting_job_that_reads_them),
        STACK,
    ),
    Case(
        GROUP,
        "two uploads into the same prefix at once",
        "make data JOB=mistake",
        f"{PREFIX} is not equal to data/small after the upload: 1/other.png.",
        "Another command has changed the objects meanwhile, perhaps `make data` elsewhere. "
        "Run the same command again when it has ended.",
        given(OWN, folder("data/small", "0/one.png"), another_upload_meanwhile),
        STACK,
        ("/0/one.png",),
    ),
    Case(
        GROUP,
        "a file that changes while it is uploaded",
        "make data JOB=mistake",
        "data/small/0/log.png changed during its upload.",
        "Run the same command again when no program writes to the file any more.",
        given(OWN, folder("data/small", "0/log.png"), a_file_that_grows),
        STACK,
        ("/0/log.png",),  # the file itself, and its object: the next synchronisation mends that
    ),
)
