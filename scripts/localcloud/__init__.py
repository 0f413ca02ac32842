"""The local cloud: AWS's own APIs on 127.0.0.1, for rehearsals without an account.

Cheap to import: the server's side (moto, boto3, SageMaker's operations) runs in a process of its own.
"""

from scripts.localcloud.environment import Cloud, environment, shell_lines
from scripts.localcloud.lifecycle import IMAGES, how_jobs_run, running, start, stop

__all__ = ["IMAGES", "Cloud", "environment", "how_jobs_run", "running", "shell_lines", "start", "stop"]
