"""``python -m trainer COMMAND``: the program that the container starts; its commands are in `trainer.commands`."""

import atexit
import gc
import sys

from trainyard.stop import Stop

if __name__ == "__main__":
    stop = Stop()
    if sys.argv[1:2] == ["train"]:
        # Before the slow imports: the first process of a container ignores SIGTERM until it handles it.
        stop.listen()
    else:
        # The other commands end soon. To look for garbage takes a sixth of the time of `check`, and finds none.
        gc.disable()
        atexit.register(gc.freeze)
    from trainer import commands

    sys.exit(commands.main(sys.argv[1:], stop))
