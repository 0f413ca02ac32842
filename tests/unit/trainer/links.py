"""Links between hosts that are threads of this process."""

import threading
from collections.abc import Callable
from typing import Any

from trainyard.errors import JobError
from trainyard.hosts import link
from trainyard.stop import Stop


def run_parallel(*calls: Callable[[], Any]) -> list[Any]:
    """Run the calls at the same time; return the result or the JobError of each."""
    results: list[Any] = [None] * len(calls)

    def run(number: int) -> None:
        try:
            results[number] = calls[number]()
        except JobError as error:
            results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    return results


def connect_all(hosts: list[str]) -> list[link.Link]:
    return run_parallel(*(lambda host=host: link.connect(hosts, host, Stop(), 60) for host in hosts))
