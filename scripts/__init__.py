"""The commands and the packages that they use.

This file runs before any other of a verb. From here on, Ctrl-C prints one line: without a handler, it would print a
traceback while the verb's modules are imported. `verb.run` takes over.

It imports only what Python has loaded before or is built of: `signal`, `re` and `typing` together take as long as
Python's own start.
"""

import _signal  # type: ignore[import-not-found] # what `signal` is made of
import atexit
import gc
import os
import sys

NEW_OBJECTS = 300_000
UNCHANGED = "Interrupted. Nothing was changed; run the same command to start over."


def end_before_start(_number: int, _frame: object) -> None:
    """Handle Ctrl-C while the verb's modules are imported."""
    os.write(2, f"\n{UNCHANGED}\n".encode())
    os._exit(130)


def _is_verb() -> bool:
    """Whether this process is ``python -m scripts.NAME``."""
    # While Python looks for the module of -m, the first argument is "-m" itself.
    names = sys.orig_argv[sys.orig_argv.index("-m") + 1 :] if sys.argv[:1] == ["-m"] else []
    return bool(names) and names[0].startswith("scripts.") and names[0].removeprefix("scripts.").isidentifier()


# Most objects of a verb are made by its imports and stay. By default, Python looks through them for garbage after every
# 700 new ones, which takes a tenth of a verb's time. At its end it looks through all of them three times, which takes a
# third of the time of `make jobs`: frozen objects are skipped.
if _is_verb():
    gc.set_threshold(NEW_OBJECTS)
    atexit.register(gc.freeze)
# A signal that is ignored, as in a shell's background process, stays ignored.
if _is_verb() and _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
    _signal.signal(_signal.SIGINT, end_before_start)
