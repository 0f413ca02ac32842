"""Settings that let strangers in: public addresses, no sign-in, containers that control their host."""

from typing import Any

from ..network import is_everywhere
from ..resources import Resource
from .table import AWS, CRITICAL, HIGH, LOW, MEDIUM, Setting, off, on, one_of, register

_ANYONE = "Anyone can try stolen passwords and new vulnerabilities on it."
_STRANGERS = "Strangers reach the service behind it over AWS's network."
_HOST = "With it, a program in the container controls the host and every other container there."
_TASKS = f"{AWS}/AmazonECS/latest/developerguide/task_definition_parameters.html"
_PUBLIC_ACLS = one_of("public-read", "public-read-write", "authenticated-read")


def _everywhere(value: Any, _resource: Resource) -> bool:
    return isinstance(value, str) and is_everywhere(value)


def _without_key(value: Any, resource: Resource) -> bool:
    """Whether an API's method or route asks for nothing; an answer to OPTIONS tells browsers what is allowed."""
    asks = resource.is_on("api_key_required") or resource.text("http_method") == "OPTIONS"
    return value in ("NONE", None) and not asks


register((
    Setting(
        ("aws_mq_broker", "aws_dms_replication_instance", "aws_redshiftserverless_workgroup"), "publicly_accessible",
        on, "service-public", HIGH, "The message broker, replication instance or warehouse has a public address.",
        _ANYONE, "Set `publicly_accessible = false`.",
        f"{AWS}/amazon-mq/latest/developer-guide/using-amazon-mq-securely.html",
    ),
    Setting(
        ("aws_msk_cluster",), "broker_node_group_info.connectivity_info.public_access.type",
        one_of("SERVICE_PROVIDED_EIPS"), "kafka-public", HIGH, "The Kafka cluster has public addresses.", _ANYONE,
        "Set `type = \"DISABLED\"`.", f"{AWS}/msk/latest/developerguide/public-access.html",
    ),
    Setting(
        ("aws_msk_cluster",), "client_authentication.unauthenticated", on, "kafka-unauthenticated", HIGH,
        "The Kafka cluster accepts clients that have not signed in.",
        "Whoever reaches a broker reads and writes every topic.", "Set `unauthenticated = false`.",
        f"{AWS}/msk/latest/developerguide/kafka_apis_iam.html",
    ),
    Setting(
        ("aws_mwaa_environment",), "webserver_access_mode", one_of("PUBLIC_ONLY"), "airflow-public", MEDIUM,
        "The Airflow web server answers the whole internet.", _ANYONE,
        "Set `webserver_access_mode = \"PRIVATE_ONLY\"`.",
        f"{AWS}/mwaa/latest/userguide/configuring-networking.html",
    ),
    Setting(
        ("aws_api_gateway_method",), "authorization", _without_key, "api-without-authorization", MEDIUM,
        "The API's method asks callers for no authorization.", "Anyone who knows its address may call it.",
        "Use AWS_IAM, a Cognito user pool or an authorizer, or make sure that it is meant for everybody.",
        f"{AWS}/apigateway/latest/developerguide/apigateway-control-access-to-api.html",
    ),
    Setting(
        ("aws_apigatewayv2_route",), "authorization_type", _without_key, "route-without-authorization", MEDIUM,
        "The API's route asks callers for no authorization.", "Anyone who knows its address may call it.",
        "Use AWS_IAM or JWT, or make sure that it is meant for everybody.",
        f"{AWS}/apigateway/latest/developerguide/http-api-access-control.html",
    ),
    Setting(
        ("aws_appsync_graphql_api",), "authentication_type", one_of("API_KEY"), "graphql-key-only", MEDIUM,
        "The GraphQL API asks callers only for a key.", "A key in a web page or an app is known to everybody.",
        "Use AWS_IAM, OpenID Connect or a Cognito user pool.",
        f"{AWS}/appsync/latest/devguide/security-authz.html",
    ),
    Setting(
        ("aws_cognito_identity_pool",), "allow_unauthenticated_identities", on, "cognito-unauthenticated", HIGH,
        "The Cognito identity pool gives AWS credentials to people who have not signed in.",
        "Anyone who knows the pool's id gets the rights of its unauthenticated role.",
        "Set `allow_unauthenticated_identities = false`.",
        f"{AWS}/cognito/latest/developerguide/identity-pools.html",
    ),
    Setting(
        ("aws_vpc_endpoint_service",), "allowed_principals", one_of("*", "arn:aws:iam::*:root"),
        "endpoint-service-open", HIGH, "Every AWS account may connect to the VPC endpoint service.", _STRANGERS,
        "Name the accounts, and set `acceptance_required = true`.",
        f"{AWS}/vpc/latest/privatelink/configure-endpoint-service.html",
    ),
    Setting(
        ("aws_vpc_endpoint_service_allowed_principal",), "principal_arn", one_of("*"), "endpoint-service-for-all",
        HIGH, "Every AWS account may connect to the VPC endpoint service.", _STRANGERS, "Name the accounts.",
        f"{AWS}/vpc/latest/privatelink/configure-endpoint-service.html",
    ),
    Setting(
        ("aws_vpc_endpoint_service",), "acceptance_required", off, "endpoint-service-unattended", MEDIUM,
        "The VPC endpoint service accepts connections without anybody's consent.",
        "Whoever is allowed to connect does so at once, and nobody looks at the request.",
        "Set `acceptance_required = true`.", f"{AWS}/vpc/latest/privatelink/configure-endpoint-service.html",
    ),
    Setting(
        ("aws_ec2_transit_gateway",), "auto_accept_shared_attachments", one_of("enable"), "transit-unattended", MEDIUM,
        "The transit gateway accepts attachments of other accounts without anybody's consent.",
        "Another account joins its network with yours, and nobody looks at the request.",
        "Set `auto_accept_shared_attachments = \"disable\"`.", f"{AWS}/vpc/latest/tgw/tgw-transit-gateways.html",
    ),
    Setting(
        ("aws_lightsail_instance_public_ports",), "port_info.cidrs", _everywhere, "lightsail-open", MEDIUM,
        "The Lightsail instance opens a port to the internet (`{value}`).", _ANYONE, "Name your networks.",
        f"{AWS}/lightsail/latest/userguide/understanding-firewall-and-port-mappings-in-amazon-lightsail.html",
    ),
    Setting(
        ("aws_s3_object", "aws_s3_bucket_object", "aws_s3_object_copy"), "acl", _PUBLIC_ACLS, "s3-object-public",
        CRITICAL, "The object's ACL grants access to everybody (`{value}`).", "Anyone can download it.",
        "Remove `acl`.", f"{AWS}/AmazonS3/latest/userguide/acl-overview.html#canned-acl",
    ),
    *(
        Setting(
            ("aws_s3_access_point",), f"public_access_block_configuration.{part}", off, f"access-point-{name}", HIGH,
            f"The S3 access point's {part} is off.", "A policy or an ACL may then grant access to everybody.",
            f"Set `{part} = true`.", f"{AWS}/AmazonS3/latest/userguide/access-points-bpa-settings.html",
        )
        for part, name in (("block_public_policy", "policy-open"), ("restrict_public_buckets", "public-open"))
    ),
    Setting(
        ("aws_transfer_server",), "endpoint_type", one_of("PUBLIC", None), "transfer-public", MEDIUM,
        "The Transfer Family server answers the whole internet.", _ANYONE,
        "Set `endpoint_type = \"VPC\"`, with `endpoint_details`.",
        f"{AWS}/transfer/latest/userguide/create-server-in-vpc.html",
    ),
    *(
        Setting(
            (kind,), path, one_of("*"), rule, LOW, f"{who} lets web pages of any site call it.",
            "A page of a stranger reads its answers with the address, and sometimes the sign-in, of whoever visits it.",
            "Name the sites.", page,
        )
        for kind, path, rule, who, page in (
            ("aws_lambda_function_url", "cors.allow_origins", "lambda-cors-open", "The function's URL",
             f"{AWS}/lambda/latest/dg/urls-configuration.html#urls-cors"),
            ("aws_apigatewayv2_api", "cors_configuration.allow_origins", "api-cors-open", "The HTTP API",
             f"{AWS}/apigateway/latest/developerguide/http-api-cors.html"),
            ("aws_s3_bucket_cors_configuration", "cors_rule.allowed_origins", "s3-cors-open", "The S3 bucket",
             f"{AWS}/AmazonS3/latest/userguide/cors.html"),
            ("aws_cloudfront_response_headers_policy", "cors_config.access_control_allow_origins.items",
             "cdn-cors-open", "The CloudFront policy",
             f"{AWS}/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html"),
        )
    ),
    Setting(
        ("aws_emr_block_public_access_configuration",), "block_public_security_group_rules", off, "emr-public", HIGH,
        "EMR accepts clusters that are open to the internet.", _ANYONE,
        "Set `block_public_security_group_rules = true`.",
        f"{AWS}/emr/latest/ManagementGuide/emr-block-public-access.html",
    ),
    Setting(
        ("aws_ecs_service",), "network_configuration.assign_public_ip", on, "ecs-public-address", MEDIUM,
        "Tasks of the ECS service get public addresses.", "Whatever their security group opens answers the internet.",
        "Use private subnets, and a load balancer for callers.",
        f"{AWS}/AmazonECS/latest/developerguide/fargate-task-networking.html",
    ),
    Setting(
        ("aws_ecs_task_definition",), "pid_mode", one_of("host"), "ecs-host-processes", HIGH,
        "The ECS task sees all processes of its host.",
        "A program in it can read the memory and the secrets of other tasks on the host.", "Remove `pid_mode`.",
        f"{_TASKS}#task_definition_pidmode",
    ),
    Setting(
        ("aws_ecs_task_definition",), "ipc_mode", one_of("host"), "ecs-host-memory", MEDIUM,
        "The ECS task shares memory with all programs of its host.",
        "A program in it can read and change what others exchange there.", "Remove `ipc_mode`.",
        f"{_TASKS}#task_definition_ipcmode",
    ),
    Setting(
        ("aws_ecs_task_definition",), "volume.host_path", one_of("/var/run/docker.sock", "/run/docker.sock", "/"),
        "ecs-host-mounted", HIGH, "The ECS task gets a part of its host (`{value}`).", _HOST, "Remove the volume.",
        f"{AWS}/AmazonECS/latest/bestpracticesguide/security-tasks-containers.html",
    ),
    Setting(
        ("aws_codebuild_project",), "environment.privileged_mode", on, "build-privileged", MEDIUM,
        "Builds of the CodeBuild project run privileged.",
        "A build of a pull request controls its host, and what the build's role may do is its own.",
        "Set `privileged_mode = false` unless the build runs Docker.",
        f"{AWS}/codebuild/latest/userguide/change-project.html",
    ),
    Setting(
        ("aws_ec2_instance_metadata_defaults",), "http_tokens", one_of("optional"), "account-imds-v1", MEDIUM,
        "New instances of the region allow IMDSv1, the metadata service without tokens.",
        "A flaw in a web program then gives away the credentials of its instance.", "Set `http_tokens = \"required\"`.",
        f"{AWS}/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html",
    ),
    Setting(
        ("aws_ec2_serial_console_access",), "enabled", on, "serial-console", MEDIUM,
        "The serial console of all instances may be used.",
        "It reaches an instance past every network rule.", "Set `enabled = false` when it is not needed.",
        f"{AWS}/AWSEC2/latest/UserGuide/ec2-serial-console.html",
    ),
))  # fmt: skip
