"""``python -m trainer train | describe | check | evaluate``: what a container of the image starts."""

import sys

from trainer.contract.stop import Stop

if __name__ == "__main__":
    stop = Stop()
    if sys.argv[1:2] == ["train"]:
        # Before the other imports: the first process of a container never gets a SIGTERM that it does not handle.
        stop.listen()
    from trainer import commands

    sys.exit(commands.main(sys.argv[1:], stop))
