"""``python -m trainer train | describe | check | evaluate``: the program that the container starts."""

import sys

from trainyard.stop import Stop

if __name__ == "__main__":
    stop = Stop()
    if sys.argv[1:2] == ["train"]:
        # Before the slow imports: the first process of a container ignores SIGTERM until it handles it.
        stop.listen()
    from trainer import commands

    sys.exit(commands.main(sys.argv[1:], stop))
