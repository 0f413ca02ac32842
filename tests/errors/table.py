"""All errors that the suite provokes and docs/errors.md lists."""

from tests.errors import (
    account,
    caller_rights,
    costs,
    data,
    images,
    job_channels,
    job_files,
    job_requests,
    local_cloud,
    networks,
    plans,
    resuming,
    role_rights,
    runs,
    sending,
    tools,
)

CASES = (
    *tools.CASES,
    *account.CASES,
    *role_rights.CASES,
    *caller_rights.CASES,
    *plans.CASES,
    *job_files.CASES,
    *job_channels.CASES,
    *job_requests.CASES,
    *networks.CASES,
    *images.CASES,
    *data.CASES,
    *costs.CASES,
    *sending.CASES,
    *runs.CASES,
    *resuming.CASES,
    *local_cloud.CASES,
)
