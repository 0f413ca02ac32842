"""Times in AWS's answers are read as botocore reads them, only faster."""

from typing import Any

import pytest
from botocore.utils import parse_timestamp

from scripts.core import aws

TIMES = [
    "2026-11-29T18:12:31Z",
    "2026-11-29T18:12:31.123Z",
    "20261129T181231Z",
    "2026-11-29T18:12:31+01:00",
    "Sun, 29 Nov 2026 18:12:31 GMT",
    1795976000,
    1795976000.25,
    "1795976000",
]


@pytest.mark.parametrize("value", TIMES)
def test_a_time_is_the_one_that_botocore_reads(value: Any) -> None:
    assert aws.read_time(value) == parse_timestamp(value)
    assert aws.read_time(value).tzinfo is not None


def test_what_is_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="yesterday"):
        aws.read_time("yesterdayZ")


@pytest.mark.usefixtures("empty_aws")
def test_clients_read_times_so() -> None:
    factory = aws.session().get_component("response_parser_factory")
    assert factory.create_parser("rest-xml")._timestamp_parser is aws.read_time
