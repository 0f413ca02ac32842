"""The local cloud: AWS's own APIs on 127.0.0.1, for rehearsals without an account.

This package is fast to import: the server (moto, boto3, SageMaker's operations) runs in a separate process.
"""

from scripts.localcloud.environment import Cloud, environment, shell_lines
from scripts.localcloud.interruptions import format_interruptions, parse_interruptions
from scripts.localcloud.lifecycle import IMAGES, container_support, order_interruptions, running, start, stop

__all__ = [
    "IMAGES",
    "Cloud",
    "container_support",
    "environment",
    "format_interruptions",
    "order_interruptions",
    "parse_interruptions",
    "running",
    "shell_lines",
    "start",
    "stop",
]
