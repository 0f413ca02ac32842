"""Rules for SageMaker."""

from collections.abc import Iterator

from scripts.review.model import Severity
from scripts.review.rules.blocks import Block
from scripts.review.rules.iam import attached
from scripts.review.rules.registry import Family
from scripts.review.rules.resources import Resource

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
    why="It lets whoever runs a job read and write every bucket with sagemaker in its name, make ECR repositories and "
    "log groups, and pass roles on: far more than a training job needs.",
    fix="Give the role what CreateTrainingJob needs, on its own buckets and repository.",
    page=f"{_GUIDE}/sagemaker-roles.html#sagemaker-roles-createtrainingjob-perms",
)  # fmt: skip
def full_access(resource: Resource) -> Iterator[str]:
    """AWS's own wide policies for SageMaker."""
    for name in attached(resource):
        if name in _WIDE:
            yield f"{name} is attached."


@_SAGEMAKER.state(
    ("aws_sagemaker_notebook_instance",),
    "sagemaker-notebook-internet",
    Severity.MEDIUM,
    "A notebook instance has a way to the internet of its own",
    why="Data can leave past your VPC, its endpoints and its logs.",
    fix='Set `direct_internet_access = "Disabled"`, with `subnet_id` and `security_groups`.',
    page="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateNotebookInstance.html",
)
def notebook_internet(resource: Resource) -> Iterator[str]:
    """Enabled is the default."""
    if resource.text("direct_internet_access") != "Disabled":
        yield "Direct internet access is on."


@_SAGEMAKER.state(
    ("aws_sagemaker_notebook_instance",),
    "sagemaker-notebook-root",
    Severity.LOW,
    "Users of a notebook instance are root",
    why="They can change or switch off whatever watches the instance.",
    fix='Set `root_access = "Disabled"`.',
    page=f"{_GUIDE}/nbi-root-access.html",
)
def notebook_root(resource: Resource) -> Iterator[str]:
    """Enabled is the default."""
    if resource.text("root_access") != "Disabled":
        yield "Root access is on."


@_SAGEMAKER.state(
    ("aws_sagemaker_notebook_instance",),
    "sagemaker-notebook-imds-v1",
    Severity.MEDIUM,
    "A notebook instance answers metadata requests of version 1",
    why="A request that somebody tricks the notebook into is enough to get its role's credentials.",
    fix='Set `minimum_instance_metadata_service_version = "2"`.',
    page="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_InstanceMetadataServiceConfiguration.html",
)
def notebook_imds(resource: Resource) -> Iterator[str]:
    """Version 1 is written out; unset, AWS decides."""
    options = resource.block("instance_metadata_service_configuration")
    if options.text("minimum_instance_metadata_service_version") == "1":
        yield "IMDSv1 is allowed."


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
    """Off or unset."""
    if not _network(resource).is_on("enable_network_isolation"):
        yield "Network isolation is off."


def _network(resource: Resource) -> Block:
    return resource if resource.change.type == "aws_sagemaker_model" else resource.block("network_config")


@_SAGEMAKER.state(
    _MONITORS,
    "sagemaker-traffic-in-clear",
    Severity.LOW,
    "Containers of a job speak to each other in clear",
    why="With several instances, the data of the job crosses the network between them.",
    fix="Set `enable_inter_container_traffic_encryption = true`.",
    page=f"{_GUIDE}/train-encrypt.html",
)
def traffic_in_clear(resource: Resource) -> Iterator[str]:
    """Off or unset, with more than one instance."""
    cluster = resource.block("job_resources").block("cluster_config")
    encrypted = _network(resource).is_on("enable_inter_container_traffic_encryption")
    if (cluster.number("instance_count") or 1) > 1 and not encrypted:
        yield "Traffic between containers is not encrypted."


@_SAGEMAKER.state(
    ("aws_sagemaker_endpoint_configuration",),
    "sagemaker-endpoint-no-key",
    Severity.LOW,
    "An endpoint's storage has no KMS key",
    why="What is captured of requests and answers, and what lies on the instances, has no key of yours before it.",
    fix="Set `kms_key_arn`, and `kms_key_id` in `data_capture_config`.",
    page=f"{_GUIDE}/encryption-at-rest.html",
)
def endpoint_key(resource: Resource) -> Iterator[str]:
    """No key for the volumes of instances (serverless has none), or for what is captured."""
    instances = [each for each in resource.blocks("production_variants") if not each.blocks("serverless_config")]
    if instances and not resource.is_set("kms_key_arn"):
        yield "The instances' storage has no KMS key."
    for capture in resource.blocks("data_capture_config"):
        if capture.is_on("enable_capture") and not capture.is_set("kms_key_id"):
            yield "Captured data has no KMS key."


@_SAGEMAKER.state(
    ("aws_sagemaker_domain",),
    "sagemaker-domain-internet",
    Severity.MEDIUM,
    "A domain's traffic goes over the internet",
    why="Notebooks of the domain reach the internet past your VPC, its endpoints and its logs.",
    fix='Set `app_network_access_type = "VpcOnly"`.',
    page=f"{_GUIDE}/studio-notebooks-and-internet-access.html",
)
def domain_internet(resource: Resource) -> Iterator[str]:
    """PublicInternetOnly is the default."""
    if resource.text("app_network_access_type") != "VpcOnly":
        yield "The domain's network access is public."
