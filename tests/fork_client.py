"""Lets a fork of `forks.py` run ``python -m MODULE …``, with this program's files, folder and environment.

It has no packages, and imports only what is quick: a case's command starts it.
"""

import marshal
import os
import sys
from _socket import AF_UNIX, SCM_RIGHTS, SHUT_WR, SOL_SOCKET, socket


def main() -> int:
    """Ask for the fork, and return its exit code."""
    files = b"".join(number.to_bytes(4, sys.byteorder) for number in range(3))
    connection = socket(AF_UNIX)
    connection.connect(os.path.dirname(sys.argv[0]) + "/socket")  # noqa: PTH120
    connection.sendmsg([b"\0"], [(SOL_SOCKET, SCM_RIGHTS, files)])
    connection.sendall(marshal.dumps((sys.argv[1:], os.getcwd(), dict(os.environ))))  # noqa: PTH109
    connection.shutdown(SHUT_WR)
    answer = connection.recv(1)
    return answer[0] if answer else 1


if __name__ == "__main__":
    sys.exit(main())
