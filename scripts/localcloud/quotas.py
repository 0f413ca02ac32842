"""Answers Service Quotas about SageMaker's training instances, with the values of local-cloud.toml.

https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListServiceQuotas.html. The names are AWS's; the
codes are the local cloud's own.
"""

import hashlib
from functools import cache
from typing import Any

from scripts.localcloud import pages, settings
from scripts.localcloud.awsjson import Call, ServiceError
from scripts.localcloud.environment import ACCOUNT
from scripts.localcloud.faults.names import botocore

TARGET = "ServiceQuotasV20190624."
SERVICE = "sagemaker"
WARM_POOLS = "training warm pool usage"
USAGES = ("training job usage", "spot training job usage", WARM_POOLS)
DEFAULT = 100.0
LISTS = ("ListServiceQuotas", "ListAWSDefaultServiceQuotas")


def answer(call: Call) -> dict[str, Any]:
    """Answer one call.

    Raises:
        ServiceError: AWS would refuse the call, or the local cloud does not have the operation.
    """
    if call.operation not in (*LISTS, "GetServiceQuota"):
        raise ServiceError(
            "UnknownOperationException",
            f"The local cloud has no {call.operation}. Of Service Quotas it has {', '.join(LISTS)}, GetServiceQuota.",
        )
    if call.parameters.get("ServiceCode") != SERVICE:
        raise ServiceError("NoSuchResourceException", f"The local cloud has quotas of the service {SERVICE} only.")
    quotas = [_quota(name, call.region) for name in _names()]
    if call.operation in LISTS:
        if call.operation == "ListServiceQuotas":
            values = settings.read().quotas
            quotas = [quota | {"Value": float(values.get(quota["QuotaName"], DEFAULT))} for quota in quotas]
        page, more = pages.cut(quotas, call.parameters, "InvalidPaginationTokenException")
        return {"Quotas": page} | more
    for quota in quotas:
        if quota["QuotaCode"] == call.parameters.get("QuotaCode"):
            return {"Quota": quota | {"Value": float(settings.read().quotas.get(quota["QuotaName"], DEFAULT))}}
    raise ServiceError("NoSuchResourceException", "The request failed because the specified service quota is unknown.")


def of_warm_pools(kind: str) -> float:
    """Return how many instances of a type warm pools may keep; the default if local-cloud.toml cannot be read."""
    try:
        return float(settings.read().quotas.get(f"{kind} for {WARM_POOLS}", DEFAULT))
    except ServiceError:  # whoever asks for quotas gets this error
        return DEFAULT


@cache
def _names() -> tuple[str, ...]:
    kinds = botocore().get_service_model(SERVICE).shape_for("TrainingInstanceType").enum
    return tuple(f"{kind} for {usage}" for kind in kinds for usage in USAGES)


def _quota(name: str, region: str) -> dict[str, Any]:
    code = f"L-{hashlib.sha256(name.encode()).hexdigest()[:8].upper()}"
    return {
        "ServiceCode": SERVICE,
        "ServiceName": "Amazon SageMaker",
        "QuotaArn": f"arn:aws:servicequotas:{region}:{ACCOUNT}:{SERVICE}/{code}",
        "QuotaCode": code,
        "QuotaName": name,
        "Value": DEFAULT,
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }
