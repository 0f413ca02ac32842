"""AWS's Price List: what instances cost that train, in one region.

The attributes of its products are seen in the file that has all of them, AmazonSageMaker/current/index.json at
https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/: the component is Training, the usage type such as
USE1-Train:ml.m5.large (in us-east-1), the price in the terms OnDemand.
https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html
"""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from scripts.core import aws

SERVICE = "AmazonSageMaker"
LONGEST = timedelta(days=7)
# SpotTrain, and the free hours of a new account, are other usage types.
USAGE = re.compile(r"(?:[A-Z0-9]+-)?Train:(?P<kind>ml\.[a-z0-9.-]+)")
PREFERRED = "us-east-1"


def name(region: str) -> str:
    """The name under which a region's prices are kept."""
    return f"prices-{region}"


def ask(region: str) -> dict[str, float]:
    """USD per instance and hour of training in a region, by instance type.

    Raises:
        Exception: AWS refused the call, or cannot be reached.
    """
    wanted = {"regionCode": region, "component": "Training"}
    pages = (
        client()
        .get_paginator("get_products")
        .paginate(
            ServiceCode=SERVICE,
            Filters=[{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in wanted.items()],
            FormatVersion="aws_v1",
        )
    )
    return prices_in(json.loads(product) for page in pages for product in page["PriceList"])


def endpoint_region(partition: str) -> str | None:
    """The region whose endpoint is asked: few have one, and each knows all regions. None: the partition has none."""
    found: list[str] = aws.session().get_available_regions("pricing", partition)
    return PREFERRED if PREFERRED in found else next(iter(sorted(found)), None)


def client() -> Any:
    """The client of the Price List.

    Raises:
        LookupError: the partition has no Price List.
    """
    region = endpoint_region(aws.session().get_partition_for_region(aws.region()))
    if region is None:
        raise LookupError("AWS has no Price List in this partition")
    return aws.client_of_a_side_question("pricing", region)


def prices_in(products: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """USD per hour by instance type, from the products of the Price List; others than those that train are skipped."""
    found: dict[str, float] = {}
    for product in products:
        usage = USAGE.fullmatch(product["product"]["attributes"].get("usagetype", ""))
        price = _on_demand(product) if usage else None
        if usage and price is not None:
            found[usage["kind"]] = max(price, found.get(usage["kind"], 0.0))
    return found


def _on_demand(product: Mapping[str, Any]) -> float | None:
    """The highest price on demand for an hour in USD."""
    terms = product.get("terms", {}).get("OnDemand", {}).values()
    prices = [
        float(dimension["pricePerUnit"]["USD"])
        for term in terms
        for dimension in term["priceDimensions"].values()
        if dimension.get("unit") in ("Hrs", "Hours", "Hour") and "USD" in dimension["pricePerUnit"]
    ]
    return max(prices, default=None)
