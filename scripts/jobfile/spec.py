"""The content of a job file, jobs/NAME.toml, as validated data.

The limits are SageMaker's:
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, StrictBool, StrictInt, Tag, model_validator
from pydantic_core import PydanticCustomError

from scripts.jobfile import request_table
from scripts.jobfile.tuning_table import TuningTable
from scripts.jobfile.values import (
    OWN_NVME,
    ChannelName,
    Code,
    Command,
    EnvironmentKey,
    Hyperparameter,
    InstanceType,
    KmsKey,
    ListPlace,
    MetricName,
    MetricRegex,
    Program,
    SecurityGroup,
    Source,
    Subnet,
    TagKey,
    TagValue,
    Usd,
)

HOUR = 3600
LONGEST = 28 * 24 * HOUR
# AWS's guide has this limit, its service model 21,600: a value within the smaller one passes whichever AWS enforces.
# https://docs.aws.amazon.com/sagemaker/latest/dg/train-warm-pools.html#train-warm-pools-considerations
LONGEST_WARM_POOL = HOUR
PROGRAM_KEY = "SAGEMAKER_PROGRAM"
# The hyperparameter that SageMaker's SDK sends for distribution={"multi_worker_mirrored_strategy": {"enabled": True}}:
# https://github.com/aws/sagemaker-python-sdk/blob/v2.257.1/src/sagemaker/estimator.py
MULTI_WORKER_MIRRORED = "sagemaker_multi_worker_mirrored_strategy_enabled"


class Table(BaseModel):
    """A table of a job file: unknown keys are refused, and values cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Channel(Table):
    """An input channel of the job."""

    source: Source | None = Field(
        None, description="A folder of this machine, which is synchronised to the data bucket, or s3://bucket/prefix/."
    )
    manifest: ListPlace | None = Field(
        None,
        description="Which objects: a file with a path below source in each line, or a manifest, s3://bucket/key.",
    )
    input_mode: Literal["File", "FastFile", "Pipe"] = Field(
        "File", description="File copies the data before the start, FastFile reads them on demand, Pipe streams them."
    )
    distribution: Literal["FullyReplicated", "ShardedByS3Key"] = Field(
        "FullyReplicated", description="FullyReplicated gives each instance all objects, ShardedByS3Key its share."
    )
    content_type: Annotated[str, Field(max_length=256)] | None = Field(
        None, description="A MIME type that SageMaker passes to the program."
    )
    shuffle_seed: Annotated[StrictInt, Field(ge=-(2**63), lt=2**63)] | None = Field(
        None,
        description="Decides the order in which SageMaker gives the objects to the program; it matters with Pipe only.",
    )

    @model_validator(mode="after")
    def _check_manifest(self) -> "Channel":
        if self.source is None and (self.manifest is None or self.list_file):
            more = " below which the paths of manifest are" if self.manifest else ""
            raise ValueError(f"the key source is missing,{more or ' or manifest with a list in S3'}")
        if self.source is not None and self.manifest is not None and not self.list_file:
            raise ValueError("a manifest in S3 has a prefix of its own; remove source, or name a local list")
        if self.manifest is not None and self.input_mode == "FastFile":
            raise ValueError('SageMaker reads no manifest with input_mode = "FastFile"; choose "File" or "Pipe"')
        return self

    @property
    def folder(self) -> Path | None:
        """The source, if it is a local folder."""
        return None if self.source is None or self.source.startswith("s3://") else Path(self.source)

    @property
    def list_file(self) -> Path | None:
        """The manifest, if it is a local file."""
        return None if self.manifest is None or self.manifest.startswith("s3://") else Path(self.manifest)

    @property
    def place(self) -> str:
        """What the job file names: the source, or a manifest that has its own."""
        return self.source or self.manifest or ""


class Vpc(Table):
    """A network of your own for the job's instances: subnets and security groups of one VPC, by their ids."""

    subnets: Annotated[list[Subnet], Field(min_length=1, max_length=16)] = Field(
        description="The ids of private subnets, such as subnet-0a1b2c3d."
    )
    security_groups: Annotated[list[SecurityGroup], Field(min_length=1, max_length=5)] = Field(
        description="The ids of security groups of the same VPC, such as sg-0a1b2c3d."
    )


# The tags are no part of a message: `place` in reading.py skips them.
VPC_TAGS = ("a name", "a table")
VpcChoice = Annotated[
    Annotated[Literal["stack"], Tag(VPC_TAGS[0])] | Annotated[Vpc, Tag(VPC_TAGS[1])],
    Discriminator(lambda value: VPC_TAGS[isinstance(value, dict | Vpc)]),
]


class JobSpec(Table):
    """The content of a job file; docs/jobs.md describes each key."""

    code: Code | None = Field(
        None, description="A folder with code of your own, from / or from the root of the repository; default: trainer."
    )
    program: Program | None = Field(
        None, description="The .py or .sh file in that folder that the job runs; default: the trainer."
    )
    distribution: Literal["multi_worker_mirrored"] | None = Field(
        None, description="The program trains on all instances with TensorFlow's MultiWorkerMirroredStrategy."
    )
    instance_type: InstanceType = Field("ml.g4dn.4xlarge", description="The type of machine that trains.")
    instance_count: Annotated[StrictInt, Field(ge=1)] = Field(1, description="How many of them.")
    volume_size_gb: Annotated[StrictInt, Field(ge=1, le=16384)] = Field(
        30, description="The disk of each, in GB; types with local NVMe disks have no such disk."
    )
    volume_kms_key: KmsKey | None = Field(
        None, description="The id or ARN of the KMS key for that disk; default: the stack's key."
    )
    output_kms_key: KmsKey | None = Field(
        None, description="The id or ARN of the KMS key for the model and the other results; default: the stack's key."
    )
    output_compression: Literal["gzip", "none"] = Field(
        "gzip", description="none: the model and the other results are single objects, not an archive."
    )
    max_runtime_seconds: Annotated[StrictInt, Field(ge=1, le=LONGEST)] = Field(
        HOUR, description="SageMaker stops the job then; the job keeps the model that it has."
    )
    spot: StrictBool = Field(
        False, description="Train on spare capacity, which AWS may take away and give back; needs checkpoints."
    )
    max_wait_seconds: Annotated[StrictInt, Field(ge=1, le=LONGEST)] | None = Field(
        None, description="With spot: the limit for waiting and running together; default: twice max_runtime_seconds."
    )
    keep_alive_seconds: Annotated[StrictInt, Field(ge=0, le=LONGEST_WARM_POOL)] = Field(
        0, description="How long the instances are kept after the job for a next one, and billed: a warm pool."
    )
    max_cost: Usd | None = Field(
        None, description="USD that the job may cost at most; a job that may cost more is refused."
    )
    price_per_hour: Usd | None = Field(
        None, description="USD an instance and hour, where no price is known or another one is agreed."
    )
    checkpoints: StrictBool = Field(True, description="Keep /opt/ml/checkpoints in the checkpoints bucket.")
    retries: Annotated[StrictInt, Field(ge=1, le=30)] | None = Field(
        None, description="How often SageMaker starts the job again after an InternalServerError."
    )
    infra_check: StrictBool = Field(
        False, description="SageMaker checks the health of GPU instances before the training."
    )
    network_isolation: StrictBool = Field(False, description="The container has no network, not even to AWS.")
    vpc: VpcChoice | None = Field(
        None,
        description="The stack's network, or a table with subnets and security_groups; default: the stack's, if any.",
    )
    encrypt_between_instances: StrictBool = Field(
        False, description="SageMaker encrypts what the instances of the job send each other."
    )
    entrypoint: Command | None = Field(
        None, description="A command in place of the image's entry point, as a list of words."
    )
    arguments: Command | None = Field(
        None, description="The arguments of the entry point in place of train, as a list of words."
    )
    hyperparameters: Annotated[dict[str, Hyperparameter], Field(max_length=100)] = Field(
        {}, description="Strings, numbers and booleans that the program gets."
    )
    channels: Annotated[dict[ChannelName, Channel], Field(max_length=20)] = Field(
        {}, description="The job's input, a table for each channel."
    )
    metrics: Annotated[dict[MetricName, MetricRegex], Field(max_length=40)] = Field(
        {},
        description="Regular expressions whose first group is the value; for programs other than the trainer.",
    )
    environment: Annotated[dict[EnvironmentKey, Annotated[str, Field(max_length=512)]], Field(max_length=99)] = Field(
        {}, description="Environment variables of the container."
    )
    tags: Annotated[dict[TagKey, TagValue], Field(max_length=40)] = Field(
        {}, description="Tags of the job, in addition to those of the stack."
    )
    tuning: TuningTable | None = Field(None, description="What `make tune` searches, and how far: docs/tuning.md.")
    request: dict[str, Any] = Field(
        {}, description="Members of CreateTrainingJob that have no key, under AWS's names: docs/request.md."
    )

    @model_validator(mode="after")
    def _check_request(self) -> "JobSpec":
        found = request_table.problem(self.request, self.channels) if self.request else None
        if found:
            raise PydanticCustomError("named", "{problem}", {"problem": found[0], "fix": found[1]})
        own = [name for name in ("instance_type", "instance_count") if name in self.model_fields_set]
        if own and self.has_instance_lists:
            raise ValueError(f"request.ResourceConfig lists instances in place of {own[0]}; remove one of the two")
        lists = [name for name in request_table.INSTANCE_LISTS if name in self.request.get("ResourceConfig", {})]
        if len(lists) > 1:
            raise ValueError(f"request.ResourceConfig has {' and '.join(lists)}; SageMaker accepts one of the two")
        if self.spot and "InstancePreferences" in lists:
            raise ValueError("request.ResourceConfig.InstancePreferences is refused with spot = true")
        return self

    @model_validator(mode="after")
    def _check_combinations(self) -> "JobSpec":
        if self.code is not None and self.program is None:
            raise ValueError("the key code needs the key program, the file in that folder that the job runs")
        if self.runs_trainer and "training" not in (*self.channels, *request_table.channel_names(self.request)):
            raise ValueError("the channel training is missing; its table is [channels.training]")
        if self.distribution is not None and self.program is None:
            raise ValueError("the key distribution needs the key program; the trainer itself always uses all instances")
        if self.distribution is not None and MULTI_WORKER_MIRRORED in self.hyperparameters:
            raise ValueError(f"the key distribution sets hyperparameters.{MULTI_WORKER_MIRRORED}; remove it")
        if PROGRAM_KEY in self.environment:
            raise ValueError(f"the key program sets environment.{PROGRAM_KEY}; remove it")
        if self.volume_kms_key is not None and self.has_own_nvme:
            raise ValueError(
                f"volume_kms_key is refused for {self.instance_types[0]}: local NVMe disks are encrypted already"
            )
        return self

    @model_validator(mode="after")
    def _check_spot(self) -> "JobSpec":
        if self.max_wait_seconds is not None and not self.spot:
            raise ValueError("max_wait_seconds is allowed only with spot = true; SageMaker refuses it otherwise")
        if self.max_wait_seconds is not None and self.max_wait_seconds < self.max_runtime_seconds:
            raise ValueError("max_wait_seconds includes the run itself, so it must be at least max_runtime_seconds")
        if self.spot and self.keep_alive_seconds:
            raise ValueError("keep_alive_seconds is refused with spot = true: SageMaker keeps no spot instances")
        if self.spot and not self.checkpoints:
            raise ValueError("spot = true needs checkpoints: without them, each interruption would lose the run")
        return self

    @property
    def hyperparameters_to_send(self) -> dict[str, Hyperparameter]:
        """The hyperparameters, with the one that the key ``distribution`` stands for."""
        return self.hyperparameters | ({MULTI_WORKER_MIRRORED: True} if self.distribution else {})

    @property
    def runs_trainer(self) -> bool:
        """Whether the trainer's command ``train`` runs, not another program or command."""
        return self.program is None and self.entrypoint is None and self.arguments is None

    @property
    def has_own_nvme(self) -> bool:
        """Whether instances have local NVMe disks, so that SageMaker attaches no volume."""
        return any(OWN_NVME.match(one) for one in self.instance_types)

    @property
    def has_instance_lists(self) -> bool:
        """Whether ``[request]`` has groups or preferences in place of one type with its count."""
        return bool(request_table.instance_types(self.request))

    @property
    def instance_types(self) -> list[str]:
        """The types of the job's instances; several only if ``[request]`` has groups or preferences."""
        return request_table.instance_types(self.request) or [self.instance_type]

    @property
    def max_wait(self) -> int:
        """The seconds that a spot job may wait and run in all; by default twice ``max_runtime_seconds``."""
        return self.max_wait_seconds or min(2 * self.max_runtime_seconds, LONGEST)
