"""Settings that let data cross a network in clear, or with old versions of TLS."""

from typing import Any

from ..resources import Resource
from .table import AWS, HIGH, MEDIUM, Setting, matches, off, on, one_of, register

_OLD_TLS = "TLS 1.0 and 1.1 have known weaknesses, and standards such as PCI DSS forbid them."
_CLEAR = "Whoever is on the way reads passwords and data, and can change them."
_weak_tls = matches(r".*(TLS[-_]?1[-_.]0|TLS[-_]?1[-_.]1|Policy-(2016-08|2015-05)|TLSv1(\.1)?(_2016)?$)|SSLv3")
_DATABASES = {
    "aurora",
    "aurora-postgresql",
    "db2",
    "mariadb",
    "mongodb",
    "mysql",
    "oracle",
    "postgres",
    "sqlserver",
    "docdb",
}
_modern_listener = matches(r"$|ELBSecurityPolicy-(TLS13-1-[23]|TLS-1-2|FS-1-2)")


def _old_listener(value: Any, resource: Resource) -> bool:
    return isinstance(value, str) and not _modern_listener(value, resource)


def _database_in_clear(value: Any, resource: Resource) -> bool:
    """Whether an endpoint of a database has no TLS; Kafka, Kinesis, OpenSearch and S3 have no such mode."""
    return value == "none" and resource.text("engine_name") in _DATABASES


register((
    Setting(
        ("aws_lb_listener", "aws_alb_listener"), "ssl_policy", _old_listener, "lb-weak-tls", MEDIUM,
        "The load balancer's listener accepts old versions of TLS (`{value}`).", _OLD_TLS,
        "Use a policy such as ELBSecurityPolicy-TLS13-1-2-2021-06.",
        f"{AWS}/elasticloadbalancing/latest/application/describe-ssl-policies.html",
    ),
    Setting(
        ("aws_cloudfront_distribution",), "viewer_certificate.minimum_protocol_version", _weak_tls, "cdn-weak-tls",
        MEDIUM, "The CloudFront distribution accepts old versions of TLS (`{value}`).", _OLD_TLS,
        "Set it to TLSv1.2_2021.",
        f"{AWS}/AmazonCloudFront/latest/DeveloperGuide/secure-connections-supported-viewer-protocols-ciphers.html",
    ),
    Setting(
        ("aws_cloudfront_distribution",), "default_cache_behavior.viewer_protocol_policy", one_of("allow-all"),
        "cdn-plain-http", MEDIUM, "The CloudFront distribution answers plain HTTP.", _CLEAR,
        "Set `viewer_protocol_policy = \"redirect-to-https\"`.",
        f"{AWS}/AmazonCloudFront/latest/DeveloperGuide/using-https-viewers-to-cloudfront.html",
    ),
    Setting(
        ("aws_cloudfront_distribution",), "origin.custom_origin_config.origin_ssl_protocols",
        one_of("SSLv3", "TLSv1", "TLSv1.1"), "cdn-origin-weak-tls", MEDIUM,
        "The CloudFront distribution reaches its origin with old versions of TLS (`{value}`).", _OLD_TLS,
        "Set `origin_ssl_protocols = [\"TLSv1.2\"]`.",
        f"{AWS}/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesOrigin.html#DownloadDistValuesOriginSSLProtocols",
    ),
    Setting(
        ("aws_api_gateway_domain_name",), "security_policy", one_of("TLS_1_0"), "api-weak-tls", MEDIUM,
        "The API's domain accepts old versions of TLS (`{value}`).", _OLD_TLS, "Set `security_policy = \"TLS_1_2\"`.",
        f"{AWS}/apigateway/latest/developerguide/apigateway-custom-domain-tls-version.html",
    ),
    Setting(
        ("aws_opensearch_domain", "aws_elasticsearch_domain"), "domain_endpoint_options.tls_security_policy",
        _weak_tls, "search-weak-tls", MEDIUM, "The search domain accepts old versions of TLS (`{value}`).", _OLD_TLS,
        "Set it to Policy-Min-TLS-1-2-PFS-2023-10.",
        f"{AWS}/opensearch-service/latest/developerguide/infrastructure-security.html",
    ),
    Setting(
        ("aws_opensearch_domain", "aws_elasticsearch_domain"), "domain_endpoint_options.enforce_https", off,
        "search-plain-http", MEDIUM, "The search domain answers plain HTTP.", _CLEAR, "Set `enforce_https = true`.",
        f"{AWS}/opensearch-service/latest/developerguide/infrastructure-security.html",
    ),
    Setting(
        ("aws_opensearch_domain", "aws_elasticsearch_domain"), "node_to_node_encryption.enabled", off,
        "search-nodes-in-clear", MEDIUM, "The search domain's nodes exchange data without encryption.", _CLEAR,
        "Set `enabled = true`.", f"{AWS}/opensearch-service/latest/developerguide/ntn.html",
    ),
    Setting(
        ("aws_msk_cluster",), "encryption_info.encryption_in_transit.client_broker",
        one_of("PLAINTEXT", "TLS_PLAINTEXT"), "kafka-plaintext", MEDIUM,
        "The Kafka cluster accepts connections without TLS (`{value}`).", _CLEAR, "Set `client_broker = \"TLS\"`.",
        f"{AWS}/msk/latest/developerguide/msk-encryption.html",
    ),
    Setting(
        ("aws_elasticache_replication_group",), "transit_encryption_enabled", off, "cache-in-clear", MEDIUM,
        "The ElastiCache cluster accepts connections without TLS.", _CLEAR, "Set `transit_encryption_enabled = true`.",
        f"{AWS}/AmazonElastiCache/latest/dg/in-transit-encryption.html",
    ),
    Setting(
        ("aws_dax_cluster",), "cluster_endpoint_encryption_type", one_of("NONE", None), "dax-in-clear", MEDIUM,
        "The DAX cluster accepts connections without TLS.", _CLEAR,
        "Set `cluster_endpoint_encryption_type = \"TLS\"` before you create the cluster.",
        f"{AWS}/amazondynamodb/latest/developerguide/DAXEncryptionInTransit.html",
    ),
    Setting(
        ("aws_ecs_task_definition",), "volume.efs_volume_configuration.transit_encryption", one_of("DISABLED"),
        "ecs-files-in-clear", MEDIUM, "The ECS task mounts an EFS file system without TLS.", _CLEAR,
        "Set `transit_encryption = \"ENABLED\"`.", f"{AWS}/AmazonECS/latest/developerguide/efs-volumes.html",
    ),
    Setting(
        ("aws_codebuild_project",), "source.insecure_ssl", on, "build-insecure-source", MEDIUM,
        "The CodeBuild project fetches its source without checking the server's certificate.",
        "Whoever is on the way can change what is built.", "Remove `insecure_ssl`.",
        f"{AWS}/codebuild/latest/APIReference/API_ProjectSource.html",
    ),
    Setting(
        ("aws_memorydb_cluster",), "tls_enabled", off, "memorydb-in-clear", MEDIUM,
        "The MemoryDB cluster accepts connections without TLS.", _CLEAR, "Leave `tls_enabled` on.",
        f"{AWS}/memorydb/latest/devguide/in-transit-encryption.html",
    ),
    Setting(
        ("aws_db_proxy",), "require_tls", off, "proxy-tls-optional", MEDIUM,
        "The RDS proxy accepts connections without TLS.", _CLEAR, "Set `require_tls = true`.",
        f"{AWS}/AmazonRDS/latest/UserGuide/rds-proxy.howitworks.html",
    ),
    Setting(
        ("aws_dms_endpoint",), "ssl_mode", _database_in_clear, "migration-in-clear", MEDIUM,
        "The DMS endpoint connects to its database without TLS.", _CLEAR,
        "Set `ssl_mode` to `require` or `verify-full`.",
        f"{AWS}/dms/latest/userguide/CHAP_Security.SSL.html",
    ),
    Setting(
        ("aws_quicksight_data_source",), "ssl_properties.disable_ssl", on, "quicksight-in-clear", MEDIUM,
        "QuickSight connects to the data source without TLS.", _CLEAR, "Set `disable_ssl = false`.",
        f"{AWS}/quicksight/latest/user/data-encryption-in-transit.html",
    ),
    Setting(
        ("aws_transfer_server",), "protocols", one_of("FTP"), "transfer-by-ftp", HIGH,
        "The Transfer Family server speaks FTP, which encrypts nothing.", _CLEAR, "Use SFTP or FTPS.",
        f"{AWS}/transfer/latest/userguide/create-server-ftp.html",
    ),
    Setting(
        ("aws_sns_topic_subscription",), "protocol", one_of("http"), "messages-in-clear", MEDIUM,
        "The SNS topic sends its messages over plain HTTP.", _CLEAR, "Subscribe an address with https.",
        f"{AWS}/sns/latest/dg/sns-security-best-practices.html",
    ),
))  # fmt: skip
