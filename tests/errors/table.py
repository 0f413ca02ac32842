"""Every mistake that the suite makes, and that docs/errors.md lists."""

from tests.errors import data_and_runs, job_files, local_cloud, tools_and_account

CASES = (
    *tools_and_account.CASES,
    *job_files.CASES,
    *data_and_runs.CASES,
    *local_cloud.CASES,
)
