"""Quotas of SageMaker's training instances: looked up before a job is sent.

Service Quotas lists them by name, such as ``ml.m5.xlarge for training job usage``. Those that were never changed for an
account may be in the list of AWS's defaults only:
https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListServiceQuotas.html
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from scripts.core import aws
from scripts.core.errors import UserError
from scripts.costs import answers, arithmetic

LONGEST = timedelta(days=1)
NAMES = re.compile(r"ml\.\S+ for (spot training job|training job|training warm pool) usage")
ON_DEMAND, SPOT, WARM_POOL = "training job usage", "spot training job usage", "training warm pool usage"


@dataclass(frozen=True)
class Quota:
    """A quota of instances of one type.

    Args:
        name: such as ``ml.m5.xlarge for training job usage``.
        code: such as ``L-CCE2AFA6``.
        value: the number of instances.
    """

    name: str
    code: str
    value: float

    def link(self, region: str) -> str:
        """Its page in AWS's console."""
        return f"https://{region}.console.aws.amazon.com/servicequotas/home/services/sagemaker/quotas/{self.code}"


def check(request: Mapping[str, Any], say: Callable[[str], None], jobs: int = 1) -> None:
    """Refuse a request whose instances are more than a quota allows. SageMaker would refuse it after the upload.

    If the quota of warm pools is too small, SageMaker would run the job and silently keep no instances.

    Args:
        request: the CreateTrainingJob request.
        say: prints what cannot be checked.
        jobs: how many of such jobs run at the same time.

    Raises:
        UserError: a quota is too small.
    """
    region, account = aws.region(), request["RoleArn"].split(":")[4]
    name = f"quotas-{account}-{region}"
    answer = answers.kept(name, LONGEST)
    # A quota may have been raised since the last answer.
    if answer is None or refusal(request, answer.values, region, jobs) is not None:
        answer = answers.keep_if_possible(name, _ask, "the quotas of this account", say)
    if answer is None:
        return
    refused = refusal(request, answer.values, region, jobs)
    if refused is not None:
        raise refused
    for one in wanted(request)[0]:
        if one not in answer.values:
            say(f"Not checked: the quota `{one}` (Service Quotas does not list it).")


def wanted(request: Mapping[str, Any]) -> list[dict[str, int]]:
    """The quotas that a job needs, with the number of instances: of each cluster of which SageMaker chooses one."""
    usage = SPOT if request.get("EnableManagedSpotTraining") else ON_DEMAND
    usages = (usage, WARM_POOL) if arithmetic.longest_idle(request) else (usage,)
    found = []
    for cluster in arithmetic.clusters({"ResourceConfig": request.get("ResourceConfig")}):
        counts: dict[str, int] = {}
        for one in cluster:
            for each in usages if one.kind != arithmetic.NO_TYPE else ():
                counts[f"{one.kind} for {each}"] = counts.get(f"{one.kind} for {each}", 0) + one.count
        found.append(counts)
    return found


def refusal(request: Mapping[str, Any], quotas: Mapping[str, Any], region: str, jobs: int = 1) -> UserError | None:
    """The error if no cluster of a request is within the quotas; None if one is, as far as they are known.

    Args:
        request: the request.
        quotas: code and value of each quota, by its name.
        region: the region, for the link.
        jobs: how many of such jobs run at the same time.
    """
    refused = None
    for counts in wanted(request):
        short = [(name, jobs * n) for name, n in counts.items() if name in quotas and quotas[name]["value"] < jobs * n]
        if not short:
            return None
        refused = refused or _error(Quota(short[0][0], **quotas[short[0][0]]), short[0][1], region, jobs)
    return refused


def _error(quota: Quota, count: int, region: str, jobs: int) -> UserError:
    would = "would keep no instance" if quota.name.endswith(WARM_POOL) else "would refuse the job"
    what, fewer = ("the job needs", "fewer instances")
    if jobs > 1:
        what, fewer = (f"the {jobs} jobs at a time need", "lower parallel_jobs")
    return UserError(
        f"The quota `{quota.name}` ({quota.code}) of this account is {quota.value:g} in {region}, and {what} "
        f"{count}: SageMaker {would}.",
        f"Ask AWS to raise it: {quota.link(region)}, or take another type or {fewer}.",
    )


def _ask() -> dict[str, Any]:
    client = aws.client_of_a_side_question("service-quotas")
    found: dict[str, Any] = {}
    for operation in ("list_aws_default_service_quotas", "list_service_quotas"):  # the account's own come second
        for page in client.get_paginator(operation).paginate(ServiceCode="sagemaker"):
            found |= {
                quota["QuotaName"]: {"code": quota["QuotaCode"], "value": quota["Value"]}
                for quota in page["Quotas"]
                if NAMES.fullmatch(quota["QuotaName"])
            }
    return found
