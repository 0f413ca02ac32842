"""Answers AWS's Price List about SageMaker's training instances, with the prices of local-cloud.toml.

https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from scripts.localcloud import pages, settings
from scripts.localcloud.awsjson import Call, ServiceError

TARGET = "AWSPriceListService."
SERVICE = "AmazonSageMaker"
NORTH_VIRGINIA = {"us-east-1": "USE1"}
"""The prefix of usage types; other regions have theirs, and here their own name."""


def answer(call: Call) -> dict[str, Any]:
    """Answer one call.

    Raises:
        ServiceError: AWS would refuse the call, or the local cloud does not have the operation.
    """
    if call.operation != "GetProducts":
        raise ServiceError(
            "UnknownOperationException",
            f"The local cloud has no {call.operation}. Of the Price List it has GetProducts.",
        )
    if call.parameters.get("ServiceCode") != SERVICE:
        raise ServiceError("InvalidParameterException", f"The local cloud has prices of the service {SERVICE} only.")
    wanted = {one["Field"]: one["Value"] for one in call.parameters.get("Filters", [])}
    products = [json.dumps(product) for product in _products(wanted.get("regionCode", "us-east-1"), wanted)]
    page, more = pages.cut(products, call.parameters, "InvalidNextTokenException")
    return {"FormatVersion": "aws_v1", "PriceList": page} | more


def _products(region: str, wanted: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The products that have all wanted attributes."""
    for kind, price in settings.read().prices.items():
        prefix = NORTH_VIRGINIA.get(region, region.upper().replace("-", ""))
        attributes = {
            "component": "Training",
            "instanceName": kind,
            "instanceType": f"{kind}-Training",
            "regionCode": region,
            "servicecode": SERVICE,
            "usagetype": f"{prefix}-Train:{kind}",
        }
        if all(attributes.get(name, "").lower() == value.lower() for name, value in wanted.items()):
            yield _product(attributes, price)


def _product(attributes: Mapping[str, str], price: float) -> dict[str, Any]:
    sku = hashlib.sha256(attributes["usagetype"].encode()).hexdigest()[:16].upper()
    dimension = {"unit": "Hrs", "pricePerUnit": {"USD": f"{price:.10f}"}, "description": "an hour of training"}
    return {
        "product": {"productFamily": "ML Instance", "attributes": dict(attributes), "sku": sku},
        "serviceCode": SERVICE,
        "terms": {"OnDemand": {f"{sku}.JRTCKXETXF": {"priceDimensions": {f"{sku}.JRTCKXETXF.6YS6EN2CT7": dimension}}}},
        "publicationDate": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }
