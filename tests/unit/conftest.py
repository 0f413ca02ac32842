from tests.unit.aws_server import aws_address, empty_aws

__all__ = ["aws_address", "empty_aws"]
