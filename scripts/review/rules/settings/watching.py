"""Services that protect, watch or record an account: switched off, weakened, or removed."""

from collections.abc import Iterator
from typing import Any

from ...model import Action, Change
from ..resources import PlanIndex, Resource
from .table import AWS, HIGH, LOW, MEDIUM, SETTINGS, Setting, off, one_of, register, register_weakened

_BLIND = "Nobody can say later who did what."
_UNSEEN = "Attacks and mistakes go unnoticed."
_TRAIL = f"{AWS}/awscloudtrail/latest/userguide/best-practices-security.html"


def _not_set(value: Any, _resource: Resource) -> bool:
    return value in (None, "", False)


def _short(value: Any, _resource: Resource) -> bool:
    """Whether passwords may have fewer than 14 characters, as in the CIS benchmark."""
    return isinstance(value, int | float) and value < 14


register((
    Setting(
        ("aws_ebs_encryption_by_default",), "enabled", off, "ebs-default-encryption-off", HIGH,
        "EBS encryption by default is off.",
        "New volumes and snapshots of the whole region are stored in clear unless each one asks for encryption.",
        "Set `enabled = true`.", f"{AWS}/ebs/latest/userguide/encryption-by-default.html",
    ),
    Setting(
        ("aws_cloudtrail",), "enable_logging", off, "trail-off", HIGH, "The CloudTrail trail records nothing.", _BLIND,
        "Set `enable_logging = true`.", _TRAIL,
    ),
    Setting(
        ("aws_cloudtrail",), "is_multi_region_trail", off, "trail-one-region", MEDIUM,
        "The CloudTrail trail records one region only.", "Attackers use regions that nobody watches.",
        "Set `is_multi_region_trail = true`.", _TRAIL,
    ),
    Setting(
        ("aws_cloudtrail",), "enable_log_file_validation", off, "trail-not-validated", LOW,
        "Nobody can prove that the CloudTrail trail's files are unchanged.",
        "Whoever may write to the bucket can change what happened.", "Set `enable_log_file_validation = true`.", _TRAIL,
    ),
    Setting(
        ("aws_iam_account_password_policy",), "minimum_password_length", _short, "password-policy-short", LOW,
        "People may choose a password of {value} characters.", "Short passwords are found by trying.",
        "Set `minimum_password_length = 14`.",
        f"{AWS}/securityhub/latest/userguide/iam-controls.html#iam-15",
    ),
    Setting(
        ("aws_config_configuration_recorder_status",), "is_enabled", off, "config-off", HIGH,
        "AWS Config records no changes.", _BLIND, "Set `is_enabled = true`.",
        f"{AWS}/config/latest/developerguide/stop-start-recorder.html",
    ),
    Setting(
        ("aws_guardduty_detector",), "enable", off, "guardduty-off", HIGH, "The GuardDuty detector is off.", _UNSEEN,
        "Set `enable = true`.", f"{AWS}/guardduty/latest/ug/guardduty_suspend-disable.html",
    ),
    Setting(
        ("aws_guardduty_detector_feature",), "status", one_of("DISABLED"), "guardduty-feature-off", MEDIUM,
        "A part of GuardDuty is off.", _UNSEEN, "Set `status = \"ENABLED\"`.",
        f"{AWS}/guardduty/latest/ug/guardduty-features-activation-model.html",
    ),
    Setting(
        ("aws_macie2_account",), "status", one_of("PAUSED"), "macie-paused", MEDIUM,
        "Macie looks for no sensitive data.", _UNSEEN, "Set `status = \"ENABLED\"`.",
        f"{AWS}/macie/latest/user/suspend-macie.html",
    ),
))  # fmt: skip

register_weakened((
    Setting(
        ("aws_cognito_user_pool",), "mfa_configuration", one_of("OFF", None), "cognito-mfa-off", HIGH,
        "The Cognito user pool no longer asks for a second factor.",
        "A stolen password is then enough to sign in.", "Set `mfa_configuration` to `ON` or `OPTIONAL`.",
        f"{AWS}/cognito/latest/developerguide/user-pool-settings-mfa.html",
    ),
    Setting(
        ("aws_opensearch_domain", "aws_elasticsearch_domain"), "advanced_security_options.enabled", off,
        "search-access-control-off", HIGH, "Fine-grained access control of the search domain is switched off.",
        "Whoever reaches the domain may then read every index.", "Set `enabled = true`.",
        f"{AWS}/opensearch-service/latest/developerguide/fgac.html",
    ),
    Setting(
        ("aws_db_instance", "aws_rds_cluster", "aws_neptune_cluster"), "iam_database_authentication_enabled", off,
        "database-iam-off", MEDIUM, "The database no longer accepts signing in with IAM.",
        "Programs then need passwords, which live long and must be stored.", "Leave it on.",
        f"{AWS}/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html",
    ),
    Setting(
        ("aws_wafv2_web_acl",), "rule.override_action.count", lambda value, _: value is not None,
        "firewall-counts-only", HIGH, "Rules of the web application firewall only count, and block nothing.",
        "Requests that they would stop reach your service.", "Set `override_action` to `none`.",
        f"{AWS}/waf/latest/developerguide/web-acl-rule-group-override-options.html",
    ),
    Setting(
        ("aws_cloudfront_distribution",), "web_acl_id", _not_set, "cdn-firewall-detached", HIGH,
        "CloudFront's web application firewall is detached.",
        "Requests reach your service without the firewall's rules.", "Keep `web_acl_id`.",
        f"{AWS}/AmazonCloudFront/latest/DeveloperGuide/distribution-web-awswaf.html",
    ),
    Setting(
        ("aws_lb", "aws_alb"), "access_logs.enabled", _not_set, "lb-logs-off", MEDIUM,
        "The load balancer no longer logs requests.", _BLIND, "Set `enabled = true`.",
        f"{AWS}/elasticloadbalancing/latest/application/load-balancer-access-logs.html",
    ),
    Setting(
        ("aws_lb", "aws_alb"), "drop_invalid_header_fields", off, "lb-keeps-bad-headers", LOW,
        "The load balancer passes on headers with invalid names.",
        "They are used to smuggle requests past a check.", "Set `drop_invalid_header_fields = true`.",
        f"{AWS}/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html",
    ),
    Setting(
        ("aws_api_gateway_stage", "aws_apigatewayv2_stage"), "access_log_settings.destination_arn", _not_set,
        "api-logs-off", MEDIUM, "The API no longer logs requests.", _BLIND, "Keep `access_log_settings`.",
        f"{AWS}/apigateway/latest/developerguide/set-up-logging.html",
    ),
    Setting(
        ("aws_s3_bucket_versioning",), "versioning_configuration.mfa_delete", one_of("Disabled"), "s3-mfa-delete-off",
        HIGH, "Deleting a version of an object no longer needs a second factor.",
        "A stolen key is then enough to delete the bucket's whole history.", "Leave it enabled.",
        f"{AWS}/AmazonS3/latest/userguide/MultiFactorAuthenticationDelete.html",
    ),
    Setting(
        ("aws_ecr_registry_scanning_configuration",), "scan_type", one_of("BASIC"), "registry-scans-less", LOW,
        "ECR scans images with the basic scanner only.", "It finds no flaws in packages of programming languages.",
        "Set `scan_type = \"ENHANCED\"`.", f"{AWS}/AmazonECR/latest/userguide/image-scanning.html",
    ),
    Setting(
        ("aws_lambda_code_signing_config",), "policies.untrusted_artifact_on_deployment", one_of("Warn"),
        "code-signing-warns", HIGH, "Lambda accepts code that nobody signed, with a warning.",
        "Whoever may deploy may then run any code.", "Set it to `Enforce`.",
        f"{AWS}/lambda/latest/dg/configuration-codesigning.html",
    ),
    Setting(
        ("aws_athena_workgroup",), "configuration.enforce_workgroup_configuration", off, "athena-not-enforced", MEDIUM,
        "Athena lets clients choose where results go, and whether they are encrypted.",
        "A client's own settings win over those of the workgroup.", "Set `enforce_workgroup_configuration = true`.",
        f"{AWS}/athena/latest/ug/workgroups-settings-override.html",
    ),
    Setting(
        ("aws_vpc_block_public_access_options",), "internet_gateway_block_mode", one_of("off"),
        "vpc-public-access-open", HIGH, "VPCs of the region may be reached from the internet again.",
        "Every internet gateway of the region carries traffic.", "Leave it at `block-bidirectional`.",
        f"{AWS}/vpc/latest/userguide/security-vpc-bpa.html",
    ),
    Setting(
        ("aws_sagemaker_endpoint_configuration",), "data_capture_config.enable_capture", off, "capture-off", LOW,
        "The SageMaker endpoint no longer captures requests.", "Model monitoring has nothing to compare.",
        "Leave `enable_capture` on.", f"{AWS}/sagemaker/latest/dg/model-monitor-data-capture.html",
    ),
    Setting(
        ("aws_cloudtrail",), "include_global_service_events", off, "trail-without-iam", HIGH,
        "The CloudTrail trail no longer records IAM and STS.", _BLIND, "Set `include_global_service_events = true`.",
        _TRAIL,
    ),
))  # fmt: skip

_SAFEGUARDS = {
    "aws_securityhub_account": "Security Hub is switched off.",
    "aws_macie2_account": "Macie is switched off.",
    "aws_accessanalyzer_analyzer": "IAM Access Analyzer no longer looks for access from outside.",
    "aws_inspector2_enabler": "Inspector is switched off.",
    "aws_shield_protection": "Shield Advanced no longer protects the resource.",
    "aws_config_config_rule": "A rule of AWS Config is removed.",
    "aws_config_configuration_recorder_status": "AWS Config stops recording changes.",
    "aws_ebs_encryption_by_default": "EBS encryption by default is switched off.",
    "aws_ebs_snapshot_block_public_access": "EBS snapshots may be shared with everybody again.",
    "aws_ec2_image_block_public_access": "Machine images may be shared with everybody again.",
    "aws_emr_block_public_access_configuration": "EMR's block of public access returns to its default.",
    "aws_vpc_block_public_access_options": "VPCs of the region may be reached from the internet again.",
    "aws_iam_account_password_policy": "The account's password policy is removed.",
    "aws_backup_selection": "AWS Backup no longer backs up the selected resources.",
    "aws_backup_vault_lock_configuration": "Backups in the vault may be deleted before their time.",
    "aws_organizations_policy_attachment": "A policy of the organization no longer limits the account.",
    "aws_networkfirewall_firewall": "The network firewall is removed.",
    "aws_wafv2_web_acl_logging_configuration": "The web application firewall no longer logs requests.",
    "aws_route53_resolver_query_log_config": "Route 53 no longer logs queries.",
    "aws_route53_resolver_firewall_rule_group_association": "The DNS firewall no longer filters queries of the VPC.",
    "aws_cloudwatch_log_data_protection_policy": "CloudWatch Logs no longer hides sensitive data in log lines.",
}


@SETTINGS.change(
    tuple(_SAFEGUARDS),
    "safeguard-removed",
    HIGH,
    "A service that protects or watches the account is switched off",
    why="What it found or prevented goes unseen from then on. Attackers often start with this step.",
    fix="Keep it, or make sure that another one does the same.",
    page=f"{AWS}/wellarchitected/latest/security-pillar/detection.html",
)
def safeguard_removed(change: Change, _index: PlanIndex) -> Iterator[str]:
    """Reports a safeguard that is destroyed."""
    if change.action is Action.DESTROY:
        yield _SAFEGUARDS[change.type]
