"""The local cloud: AWS's own APIs on 127.0.0.1, for rehearsals without an account.

This package is fast to import: the server (moto, boto3, SageMaker's operations) runs in a separate process.
"""

from scripts.localcloud.control import container_support, fault_status, order_interruptions, set_faults
from scripts.localcloud.environment import APPLICATION, Cloud, enter, environment, shell_lines
from scripts.localcloud.interruptions import MAX_INTERRUPTIONS, format_interruptions, parse_interruptions
from scripts.localcloud.lifecycle import IMAGES, keep, required, running, running_jobs, start, stop
from scripts.localcloud.users import unused, use

__all__ = [
    "APPLICATION",
    "IMAGES",
    "MAX_INTERRUPTIONS",
    "Cloud",
    "container_support",
    "enter",
    "environment",
    "fault_status",
    "format_interruptions",
    "keep",
    "order_interruptions",
    "parse_interruptions",
    "required",
    "running",
    "running_jobs",
    "set_faults",
    "shell_lines",
    "start",
    "stop",
    "unused",
    "use",
]
