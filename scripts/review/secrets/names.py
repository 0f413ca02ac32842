"""Tells from a name whether its value is a secret.

Most endings are in the published rules of two secret scanners: the keywords of detect-secrets (`plugins/keyword.py`)
and of gitleaks' `generic-api-key`. Endings of configurations that those miss are ours: `PGPASSWORD`, `MYSQL_PWD`,
`SECRET_KEY_BASE`.
https://github.com/Yelp/detect-secrets/tree/master/detect_secrets/plugins
https://github.com/gitleaks/gitleaks/blob/master/config/gitleaks.toml
"""

import re
from enum import IntEnum
from functools import lru_cache


class Secrecy(IntEnum):
    """How surely a name is a secret's."""

    NONE = 0
    LIKELY = 1
    """A token, key or secret: its value may also be the name of a secret."""
    SURE = 2
    """A password: every text under this name is one."""


# Suffixes for the encoding, the age or the use of the same secret.
_SUFFIX = (
    r"(?:_(?:plaintext|plain|text|base64|b64|encrypted|pem|der|json|value|hash|old|new|current|previous|wo|prod"
    r"|production|dev|staging|test|primary|secondary|base))*_?\d*$"
)
_SURE = re.compile(
    r"(?:password|passwd|passphrase|passwort|contrasena|passcode|(?:^|_)(?:pwd|pass|pw|pswd|sshpass|rootpw|requirepass"
    r"|(?:db|my|pg|user|root|admin|ldap|smtp|mail|redis|mysql|sa)_?(?:pass|pwd|pw)))" + _SUFFIX
)
_PASSES = re.compile(
    r"(?:^|_)(?:proxy|fastcgi|uwsgi|scgi|grpc|memcached|band|high|low|all|one|two|single|multi|first|second|last|by)_?pass$"
)
_LIKELY = re.compile(
    r"(?:secret|token|credentials?|(?:^|_)(?:creds?|dsn|jwt|bearer|authorization|pepper|mnemonic|seed_phrase|passkey)"
    r"|conn(?:ection)?_?str(?:ing)?|shared_?access_?signature|secret_(?:string|binary)"
    r"|(?:^|_)(?:auth|nonce|logged_in)_salt"
    r"|(?:api|priv|private|secret|access|signing|signature|encryption|decryption|master|shared|pre_?shared|account|auth"
    r"|authentication|license|session|service|service_?account|db|database|client|storage|app|application|sas"
    r"|subscription|admin|hmac|deploy|deployment|consumer|integration|ingest|ingestion|insert|write|function|webhook"
    r"|jwt|cookie|vault|unseal|recovery|personal|user|developer|platform|project|cipher|crypto|aes"
    r"|(?:datadog|newrelic|new_relic|openai|anthropic|cohere|sendgrid|stripe|algolia|pagerduty|mailgun|mailchimp|twilio"
    r"|heroku|sentry|grafana|cloudflare|fastly|huggingface|wandb|comet|neptune|snyk|maxmind|mapbox|airtable|rapidapi"
    r"|lob|kraken|launchdarkly|amplitude|segment|mixpanel|posthog|dd|nr|hf))_?key)" + _SUFFIX
)
# Tokens of texts, pages and requests; switches and names that end like a secret.
_NO_SECRET = re.compile(
    r"(?:^|_)(?:pad|padding|eos|bos|unk|unknown|sep|separator|cls|mask|sos|eod|eot|boi|eoi|image|video|audio|newline"
    r"|prefix|suffix|middle|decoder_start|forced_bos|forced_eos|stop|start|end|special|additional_special|max|min|num"
    r"|fim|lang|next|continuation|pagination|creation|idempotency|client_request|lock|public)_token\d*$"
    r"|(?:^|_)(?:existing|pull|tls|ca|external|use|create|generate|manage|mount|enable|has|is|kubernetes|k8s)_secret$"
    r"|(?:^|_)(?:reset|change|update|require|allow|generate|manage|expire|lock|random|use|ask|enable|force|get"
    r"|retrieve|need|no)_(?:\w+_)?(?:password|passwd|pwd|pass|credentials?|secret|token)$"
    r"|(?:^|_)(?:public|publishable|site)_?key$"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+")

# Names of values that look random but are public.
_PUBLIC = re.compile(
    r"(?:^|_)(?:arns?|ids?|etag|sha\d*|sha\d*_?sums?|md5|md5_?sums?|crc\w+|hash|checksums?|digest|fingerprint|thumbprints?"
    r"|thumbprint_list|version|revision|rev|ref|commit|release|build|image|image_uri|image_tag|tag|serial"
    r"|serial_number|public_key|pubkey|certificate|certificate_body|certificate_chain|ca_data|marker|name|name_prefix"
    r"|domain|endpoint|hostname|dns_name|uri|url|bucket|key_name|path|role|policy|user|group|filter|pattern|resources?"
    r"|identifiers?|principals?|actions?|description|json|canonical_user|owner|integrity|model|checkpoint|hosted_zone)$"
)


@lru_cache(maxsize=8192)
def secrecy(name: str) -> Secrecy:
    """How surely a name is a secret's: `DB_PASSWORD`, `apiKey`, `auth_token`; not `token_ttl`, `PAD_TOKEN`."""
    words = _words(name)
    if _SURE.search(words):
        return Secrecy.NONE if _PASSES.search(words) or _NO_SECRET.search(words) else Secrecy.SURE
    if _LIKELY.search(words):
        return Secrecy.NONE if _NO_SECRET.search(words) else Secrecy.LIKELY
    return Secrecy.NONE


def secret_by_name(name: str) -> bool:
    """Whether a name is a secret's."""
    return secrecy(name) is not Secrecy.NONE


@lru_cache(maxsize=8192)
def is_public_name(name: str) -> bool:
    """Whether a value with this name may look random without being a secret: an id, a hash, a name."""
    return _PUBLIC.search(_words(name)) is not None


def _words(name: str) -> str:
    return _CAMEL.sub("_", name[-200:]).strip("_").lower()
