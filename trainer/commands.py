"""The commands of ``python -m trainer``. SageMaker starts a container with the one argument ``train``.

``describe`` and ``check`` answer at once: only the other commands import TensorFlow, or what runs another program.
"""

import gc
import json
import os
import sys
import tempfile
from collections.abc import Sequence

from trainer.contract import describe
from trainer.contract.failure import run_guarded
from trainer.contract.folders import Folders, unset_absent_channels
from trainer.contract.job import read_evaluation, read_job, read_prediction, read_preview
from trainyard.errors import JobError
from trainyard.stop import Stop, sigterm_blocked

USAGE = """usage: python -m trainer train [--NAME VALUE ...]
       python -m trainer describe
       python -m trainer check --training DIR [--validation DIR] [--NAME VALUE ...]
       python -m trainer preview --training DIR [--output FILE] [--NAME VALUE ...]
       python -m trainer evaluate --model DIR --data DIR [--output DIR]
       python -m trainer predict --model DIR IMAGE ..."""

# TensorFlow imports Keras, and Keras these for its wrappers, where they are installed: 1.3 s of CPU.
_UNUSED = ("scipy", "sklearn")


def main(arguments: Sequence[str], stop: Stop) -> int:
    """Run one command.

    Args:
        arguments: the command's name and its arguments.
        stop: whether SageMaker has asked the training to stop.

    Returns:
        The exit code: 0 done, 1 failed, 2 unknown command; or the exit code of the other program.
    """
    command, rest = (arguments[0] if arguments else ""), list(arguments[1:])
    if command == "train":
        folders = Folders.of(os.environ)
        return run_guarded(lambda: _train(folders, rest, stop), folders)
    if command == "describe" and not rest:
        print(json.dumps(describe.describe(), indent=2))
        return 0
    if command == "check":
        return _check(rest)
    if command == "preview":
        return _preview(rest)
    if command == "evaluate":
        return _evaluate(rest)
    if command == "predict":
        return _predict(rest)
    print(USAGE, file=sys.stdout if command in {"-h", "--help"} else sys.stderr)
    return 0 if command in {"-h", "--help"} else 2


def _train(folders: Folders, arguments: list[str], stop: Stop) -> int:
    from trainer.contract import program, source

    unset_absent_channels(folders, os.environ)
    other = source.other_program(folders, os.environ)
    if other:
        return program.run(other, folders, arguments, stop)
    job = read_job(folders, arguments, os.environ)
    with sigterm_blocked():  # the threads that TensorFlow starts here must not take it from the main thread
        _import_tensorflow()
    from trainer.tasks import image_classification

    image_classification.train(job, stop)
    return 0


def _check(arguments: list[str]) -> int:
    """Print, as JSON, the problem with which a job on these folders would fail, and its fix; null if there is none.

    Notes are sentences about files that are not trained on, or are converted.
    """
    from trainer.images import channel

    problem, fix = None, None
    notes: tuple[str, ...] = ()
    try:
        base = Folders.of(os.environ)
        unset_absent_channels(base, os.environ)
        notes = channel.check(read_job(base, arguments, os.environ))
    except JobError as error:
        problem, fix = error.problem, error.fix
    print(json.dumps({"problem": problem, "fix": fix, "notes": notes}))
    return 0


def _preview(arguments: list[str]) -> int:
    """Write a contact sheet of varied training images, and print its name and the files in it."""
    options, rest = read_preview(arguments)
    try:
        base = Folders.of(os.environ)
        unset_absent_channels(base, os.environ)
        job = read_job(base, rest, os.environ)
        _import_tensorflow()
        from trainer.tasks import preview

        files = preview.write(job.training, job.hyperparameters, options.output)
    except JobError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{options.output}: each row has an image, then variations of it. From the top:", *files, sep="\n  ")
    return 0


def _evaluate(arguments: list[str]) -> int:
    options = read_evaluation(arguments)
    _import_tensorflow()
    from trainer.tasks import evaluate

    try:
        result = evaluate.evaluate(options.model, options.data, options.output)
    except JobError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(result, indent=2))
    return 0


def _predict(arguments: list[str]) -> int:
    options = read_prediction(arguments)
    _import_tensorflow()
    from trainer.tasks import evaluate

    try:
        found = evaluate.predict(options.model, options.images)
    except JobError as error:
        print(error, file=sys.stderr)
        return 1
    for image, (label, probability) in zip(options.images, found, strict=True):
        print(f"{image}\t{label}\t{probability:.4f}")
    return 0


def _import_tensorflow() -> None:
    """Import TensorFlow without its messages that are not errors: C++ notes and oneDNN's notice."""
    hidden = [name for name in _UNUSED if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # so an import of it fails
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    gc.disable()  # an import leaves no garbage, and to look for it takes 0.4 s
    # oneDNN (twice as fast on a CPU) ignores that level and prints a notice to file descriptor 2.
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as output:
        os.dup2(output.fileno(), 2)
        try:
            import tensorflow  # noqa: F401
        except BaseException:
            output.seek(0)
            os.write(stderr, output.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            for name in hidden:
                del sys.modules[name]
            gc.freeze()
            gc.enable()
