"""The commands and the packages that they use.

This file runs before any other of a verb. From here on, Ctrl-C prints one line: without a handler, it would print a
traceback while the verb's modules are imported. `verb.run` takes over.
"""

import os
import re
import signal
import sys
from typing import NoReturn

UNCHANGED = "Interrupted. Nothing was changed; run the same command to start over."


def end_before_start(_signal: int, _frame: object) -> NoReturn:
    """Handle Ctrl-C while the verb's modules are imported."""
    os.write(2, f"\n{UNCHANGED}\n".encode())
    os._exit(130)


def _is_verb() -> bool:
    """Whether this process is ``python -m scripts.NAME``."""
    # While Python looks for the module of -m, the first argument is "-m" itself.
    names = sys.orig_argv[sys.orig_argv.index("-m") + 1 :] if sys.argv[:1] == ["-m"] else []
    return bool(names) and re.fullmatch(r"scripts\.\w+", names[0]) is not None


# A signal that is ignored, as in a shell's background process, stays ignored.
if _is_verb() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, end_before_start)
