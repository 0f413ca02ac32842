"""Rules for SageMaker."""

from collections.abc import Iterator

from ..model import Severity
from .blocks import Block
from .iam import attached
from .registry import Family
from .resources import Resource

_SAGEMAKER = Family("SageMaker")
_GUIDE = "https://docs.aws.amazon.com/sagemaker/latest/dg"
_WIDE = frozenset({"AmazonSageMakerFullAccess", "AmazonSageMakerAdmin-ServiceCatalogProductsServiceRolePolicy"})
_MONITORS = ("aws_sagemaker_data_quality_job_definition",)


@_SAGEMAKER.state(
    ("aws_iam_role_policy_attachment", "aws_iam_policy_attachment", "aws_iam_user_policy_attachment",
     "aws_iam_group_policy_attachment", "aws_iam_role"),
    "sagemaker-full-access",
    Severity.MEDIUM,
    "AmazonSageMakerFullAccess is attached",
    why="With it, every job can read and write all buckets with sagemaker in their name, create ECR repositories and "
    "log groups, and pass roles. That is far more than a training job needs.",
    fix="Give the role only what CreateTrainingJob needs, on its own buckets and repository.",
    page=f"{_GUIDE}/sagemaker-roles.html#sagemaker-roles-createtrainingjob-perms",
)  # fmt: skip
def full_access(resource: Resource) -> Iterator[str]:
    """Reports AWS managed policies with wide permissions for SageMaker."""
    for name in attached(resource):
        if name in _WIDE:
            yield f"The AWS managed policy {name} is attached."


@_SAGEMAKER.state(
    ("aws_sagemaker_notebook_instance",),
    "sagemaker-notebook-internet",
    Severity.MEDIUM,
    "A notebook instance has direct access to the internet",
    why="Data can leave without passing your VPC, its endpoints and its logs.",
    fix='Set `direct_internet_access = "Disabled"`, with `subnet_id` and `security_groups`.',
    page="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateNotebookInstance.html",
)
def notebook_internet(resource: Resource) -> Iterator[str]:
    """Reports direct internet access, which is the default."""
    if resource.text("direct_internet_access") != "Disabled":
        yield "Direct internet access of the SageMaker notebook is on."


@_SAGEMAKER.state(
    ("aws_sagemaker_notebook_instance",),
    "sagemaker-notebook-root",
    Severity.LOW,
    "Users of a notebook instance have root access",
    why="They can change or switch off the monitoring of the instance.",
    fix='Set `root_access = "Disabled"`.',
    page=f"{_GUIDE}/nbi-root-access.html",
)
def notebook_root(resource: Resource) -> Iterator[str]:
    """Reports root access, which is the default."""
    if resource.text("root_access") != "Disabled":
        yield "Root access to the SageMaker notebook is on."


@_SAGEMAKER.state(
    ("aws_sagemaker_notebook_instance",),
    "sagemaker-notebook-imds-v1",
    Severity.MEDIUM,
    "A notebook instance allows IMDSv1, the metadata service without tokens",
    why="An attacker who can make the notebook send one HTTP request gets its role's credentials.",
    fix='Set `minimum_instance_metadata_service_version = "2"`.',
    page="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_InstanceMetadataServiceConfiguration.html",
)
def notebook_imds(resource: Resource) -> Iterator[str]:
    """Reports version 1. If unset, AWS decides."""
    options = resource.block("instance_metadata_service_configuration")
    if options.text("minimum_instance_metadata_service_version") == "1":
        yield "The SageMaker notebook allows IMDSv1."


@_SAGEMAKER.state(
    ("aws_sagemaker_model", *_MONITORS),
    "sagemaker-no-isolation",
    Severity.LOW,
    "A model's container may reach the network",
    why="Code in the container, and in its packages, can send data anywhere.",
    fix="Set `enable_network_isolation = true`.",
    page=f"{_GUIDE}/mkt-algo-model-internet-free.html",
)
def no_isolation(resource: Resource) -> Iterator[str]:
    """Reports network isolation that is off or unset."""
    if not _network(resource).is_on("enable_network_isolation"):
        yield "SageMaker network isolation is off."


def _network(resource: Resource) -> Block:
    return resource if resource.change.type == "aws_sagemaker_model" else resource.block("network_config")


@_SAGEMAKER.state(
    _MONITORS,
    "sagemaker-traffic-in-clear",
    Severity.LOW,
    "Containers of a job communicate without encryption",
    why="With several instances, the job's data crosses the network between them in clear.",
    fix="Set `enable_inter_container_traffic_encryption = true`.",
    page=f"{_GUIDE}/train-encrypt.html",
)
def traffic_in_clear(resource: Resource) -> Iterator[str]:
    """Reports encryption that is off or unset, for jobs with more than one instance."""
    cluster = resource.block("job_resources").block("cluster_config")
    encrypted = _network(resource).is_on("enable_inter_container_traffic_encryption")
    if (cluster.number("instance_count") or 1) > 1 and not encrypted:
        yield "SageMaker encryption of the traffic between containers is off."


@_SAGEMAKER.state(
    ("aws_sagemaker_endpoint_configuration",),
    "sagemaker-endpoint-no-key",
    Severity.LOW,
    "An endpoint's storage has no KMS key",
    why="Your own key protects neither the captured requests and answers nor the data on the instances.",
    fix="Set `kms_key_arn`, and `kms_key_id` in `data_capture_config`.",
    page=f"{_GUIDE}/encryption-at-rest.html",
)
def endpoint_key(resource: Resource) -> Iterator[str]:
    """Reports instance volumes (serverless has none) or captured data without a key."""
    instances = [each for each in resource.blocks("production_variants") if not each.blocks("serverless_config")]
    if instances and not resource.is_set("kms_key_arn"):
        yield "The storage of the endpoint's instances has no KMS key."
    for capture in resource.blocks("data_capture_config"):
        if capture.is_on("enable_capture") and not capture.is_set("kms_key_id"):
            yield "The endpoint's captured data has no KMS key."


@_SAGEMAKER.state(
    ("aws_sagemaker_domain",),
    "sagemaker-domain-internet",
    Severity.MEDIUM,
    "A domain's traffic goes over the internet",
    why="Notebooks of the domain reach the internet without passing your VPC, its endpoints and its logs.",
    fix='Set `app_network_access_type = "VpcOnly"`.',
    page=f"{_GUIDE}/studio-notebooks-and-internet-access.html",
)
def domain_internet(resource: Resource) -> Iterator[str]:
    """Reports public internet access, which is the default."""
    if resource.text("app_network_access_type") != "VpcOnly":
        yield "The SageMaker domain's network access is public."
