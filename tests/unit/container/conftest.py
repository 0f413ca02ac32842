from tests.unit.training.aws_server import aws_address, empty_aws

__all__ = ["aws_address", "empty_aws"]
