"""What Trainyard offers to your own training program: `import trainyard`.

A name is loaded when it is first used: importing the package imports neither TensorFlow nor Keras.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainyard.errors import JobError
    from trainyard.own_loop import Result, train
    from trainyard.resume import Resume

# Each public name, and the file that has it.
_HOMES = {
    "JobError": "trainyard.errors",
    "Result": "trainyard.own_loop",
    "Resume": "trainyard.resume",
    "train": "trainyard.own_loop",
}

__all__ = ["JobError", "Result", "Resume", "train"]


def __getattr__(name: str) -> Any:
    """Load a public name.

    Raises:
        AttributeError: the package has no such name.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
