"""The types of the values in a job file, with their rules.

The limits are SageMaker's:
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WithJsonSchema,
)
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_after_validator_function

from scripts.jobfile.sources import check_code, check_program_name, check_source


@dataclass(frozen=True)
class Matching:
    """Annotates a string: it must match a pattern, as a whole. The JSON schema has the pattern too.

    Args:
        pattern: a regular expression of Python and of JavaScript.
        rule: what it demands, for the message.
    """

    pattern: str
    rule: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The checks of pydantic, and this one."""
        return no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """The JSON schema of the string, with the pattern."""
        return {**handler(schema), "pattern": f"^({self.pattern})$"}

    def _check(self, value: str) -> str:
        if not re.fullmatch(self.pattern, value):
            raise ValueError(f"{value!r} is not allowed: {self.rule}")
        return value


def _scalar(value: Any) -> Any:
    if not isinstance(value, str | int | float | bool):
        raise ValueError("a hyperparameter is a string, a number or a boolean")
    return value


def _tag_text(value: str) -> str:
    if any(unicodedata.category(letter)[0] not in "LZN" and letter not in "_.:/=+-@" for letter in value):
        raise ValueError(f"{value!r} is not allowed: a tag has only letters, digits, spaces and _ . : / = + - @")
    if value.lower().startswith("aws:"):
        raise ValueError(f"{value!r} is not allowed: AWS reserves tags that begin with aws:")
    return value


def _regex(value: str) -> str:
    try:
        groups = re.compile(value).groups
    except re.error as error:
        raise ValueError(f"{value!r} is not a regular expression: {error}") from None
    if groups < 1:
        raise ValueError(f"{value!r} has no group; the first group must match the metric's value")
    return value


Hyperparameter = Annotated[
    Any, BeforeValidator(_scalar), WithJsonSchema({"type": ["string", "integer", "number", "boolean"]})
]
ChannelName = Annotated[
    str, Field(max_length=64), Matching(r"[A-Za-z0-9.\-_]+", "a channel's name has only letters, digits and . - _")
]
EnvironmentKey = Annotated[
    str, Field(max_length=512), Matching(r"[a-zA-Z_][a-zA-Z0-9_]*", "a variable's name has only letters, digits and _")
]
Source = Annotated[
    str,
    Field(min_length=1, max_length=1024),
    AfterValidator(check_source),
    Matching(r"(?!s3:).+|s3://[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9](/.*)?", "an S3 source is s3://bucket/prefix/"),
]
# A key, not a prefix; or a file of this machine.
ListPlace = Annotated[
    str,
    Field(min_length=1, max_length=1024),
    AfterValidator(check_source),
    Matching(r"(?!s3:).+|s3://[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9]/.*[^/]", "a manifest in S3 is s3://bucket/key"),
]
Code = Annotated[str, Field(min_length=1, max_length=1024), AfterValidator(check_code)]
Program = Annotated[str, AfterValidator(check_program_name)]
# Instance types with local NVMe disks: SageMaker attaches no volume to them, and refuses a key for a volume.
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ResourceConfig.html
OWN_NVME = re.compile(r"ml\.(g\d+[a-z]*|p4d|p4de|p5[a-z]*|p6[a-z0-9-]*|trn\w+|[cmr]\d+[a-z]*d[a-z]*)\.")
KmsKey = Annotated[str, Field(max_length=2048), Matching(r"[a-zA-Z0-9:/_-]+", "a key is named by its id or ARN")]
# "." matches no line break in AWS's patterns.
CommandWord = Annotated[
    str, Field(max_length=256), Matching(r"[^\n\r\x85\u2028\u2029]*", "SageMaker accepts no line break in it")
]
Command = Annotated[list[CommandWord], Field(min_length=1, max_length=100)]
Subnet = Annotated[str, Matching(r"subnet-[0-9a-f]{1,25}", "a subnet is named by its id, such as subnet-0a1b2c3d")]
SecurityGroup = Annotated[
    str, Matching(r"sg-[0-9a-f]{1,29}", "a security group is named by its id, such as sg-0a1b2c3d")
]
InstanceType = Annotated[str, Matching(r"ml\.[a-z0-9\-]+\.[a-z0-9]+", "an instance type looks like ml.g4dn.4xlarge")]
TagKey = Annotated[str, Field(min_length=1, max_length=128), AfterValidator(_tag_text)]
TagValue = Annotated[str, Field(max_length=256), AfterValidator(_tag_text)]
Usd = Annotated[float, Field(gt=0, allow_inf_nan=False, strict=True)]
MetricName = Annotated[str, Field(min_length=1, max_length=255)]
MetricRegex = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_regex)]
