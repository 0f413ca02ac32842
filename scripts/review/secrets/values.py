"""Tells whether the value under a secret's name is a secret, or a placeholder, a reference, the name of a secret.

What is no secret comes from configurations and tokenizer files that people publish, and from the allow lists of
detect-secrets (`filters/heuristic.py`) and gitleaks (`generic-api-key`).
https://huggingface.co/docs/transformers/main_classes/tokenizer
https://docs.docker.com/engine/swarm/secrets/
"""

import re
from functools import lru_cache

from .names import Secrecy, secrecy, secret_by_name
from .randomness import is_readable

MASKED = "(sensitive)"
SUSPECT = "(looks like a secret)"

_ENDS = " \t\r\n\"'`,;\\"
_PLACEHOLDER = re.compile(
    r"none|null|nil|true|false|yes|no|on|off|undefined|unset|empty|blank|n/?a|todo|tbd|fixme|enabled|disabled|required|read|write"
    r"|optional|default|auto|automatic|generated?|managed|redacted|hidden|masked|sensitive|placeholder|example|dummy"
    r"|change[-_ ]?(?:me|it|this)|replace[-_ ]?(?:me|this)|your[-_ ](?:[a-z]{1,12}[-_ ]){0,5}[a-z]{1,12}"
    r"|insert[-_ ][a-z_ -]{1,40}here"
    r"|(.)\1{2,}|\(sensitive\)|\(looks(?: like a secret\)?)?|\(known(?: after apply\)?)?|[-~.*_?]+"
    r"|[\[{(][\[{(\s]*[\s)}\]]*",
    re.IGNORECASE,
)
# Special tokens of tokenizers, and placeholders in brackets.
_BRACKETS = re.compile(
    r"<{1,2}\|?/?[A-Za-z_][A-Za-z_ :./-]{0,40}\d{0,3}\|?>{1,2}|<\|?\w{0,3}\|?>|\[/?[A-Za-z_ -]{1,24}\d{0,3}\]"
)
_TEMPLATE = re.compile(
    r"\$\{\{.*?\}\}|\{\{.*?\}\}|\$\{(?:[^{}]|\{[^{}]*\})*\}|\$\([^()]*(?:\([^()]*\)[^()]*)*\)|`[^`]+`|<%.*?%>",
    re.DOTALL,
)
_DEFAULT = re.compile(r"\$\{\w+:?[-=]([^}$]+)\}")
_VARIABLE = re.compile(
    r"\$(?:[A-Z_][A-Z0-9_]*|[a-z_]+\d{0,2}|\d|[@*#?!$])|%[A-Za-z_][A-Za-z0-9_]*%|\$\w*(?:env|ENV|Env):\w+|@@?[a-z_]+@@?"
)
_REFERENCE = re.compile(
    r"arn:aws|alias/|ssm:|secretsmanager:|vault:|/aws/|\{\{resolve:|op://|ref\+|gcpsm://|awssm://|kms://|akv://|keyvault"
    r"|@Microsoft\.KeyVault|projects/[\w-]+/secrets/|ENC\[|sops:|file://|env://|secretref:|keybase:"
    r"|https?://[^@\s?#]*$|!(?:Ref|Sub|GetAtt|vault|ImportValue|reference)\b|<<\s*:?\s*\*?\w*$",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"(?:var|local|module|data|each|self|os\.environ|process\.env|env|secrets|context|inputs|vars|config|settings|values"
    r"|request|args|opts|options|self\.config|\.Values|aws_\w+|random_password|ENV|System)(?:\.\w+|\[[\"']?\w+[\"']?\])+$"
    r"|[a-z_]\w*(?:\.\w+)*\.(?:value|result|password|secret|token|plaintext|secret_string|secret_value)$"
    r"|(?:[\w.]*(?:getenv|get_?secret|get_?parameter|getpass|get_?password|get_?token|read_?secret|environ\.get|env|input"
    r"|prompt|Read-Host|Get-\w+))\s*(?:\(|[ -]).*$|\(Get-\w+.*$",
    re.IGNORECASE,
)
_FILE = re.compile(
    r"[\w./~-]+\.(?:pem|key|crt|cer|p12|pfx|p8|jks|json|ya?ml|toml|txt|env|conf|cfg|ini|properties|asc|gpg|pub|sh|py|tf)"
)
_PATH = re.compile(r"(?:~|\.{1,2})?/|[A-Za-z]:\\")
_VARIABLE_NAME = re.compile(r"[A-Z]{2,16}(?:_[A-Z]{2,16}\d?){1,6}|(?:[a-z]+|[A-Z][a-z]+)(?:[A-Z][a-z]+){1,4}")
_ABOUT = re.compile(
    r"(?:^|[-_./])(?:secrets?|tokens?|passwords?|pass|credentials?|creds?|keys?|auth|names?|config|cert|certs|tls|ref"
    r"|params?|parameters?|latest|vault|ssm|prod|regcred)(?:$|[-_./\d])"
)


def holds_secret(name: str, value: str) -> bool:
    """Whether a name and its value are a secret: the name is a secret's, and the value is one itself.

    Args:
        name: the name of an attribute, variable or key.
        value: its text, with or without quotes.
    """
    sure = secrecy(name)
    return sure is not Secrecy.NONE and _is_secret(value, sure is Secrecy.SURE)


@lru_cache(maxsize=8192)
def is_secret_reference(text: str) -> bool:
    """Whether a text only refers to the place where a secret is stored: an ARN, a variable, a file."""
    text = text.strip(_ENDS)
    if _REFERENCE.match(text) or _VARIABLE.fullmatch(text) or _CODE.fullmatch(text):
        return True
    if _PATH.match(text) or _FILE.fullmatch(text):
        return all(map(is_readable, re.split(r"[/\\]", text.lstrip("~."))))
    return False


@lru_cache(maxsize=8192)
def _is_secret(value: str, sure: bool) -> bool:
    text = value.strip(_ENDS)
    if not text or _PLACEHOLDER.fullmatch(text) or _BRACKETS.fullmatch(text) or is_secret_reference(text):
        return False
    if "$" in text or "{{" in text or "`" in text or "<%" in text:
        defaults = _DEFAULT.findall(text)
        rest = _TEMPLATE.sub("", text)
        if rest != text:
            return any(_is_secret(each, sure) for each in defaults) or (
                any(map(str.isalnum, rest)) and _is_secret(rest, sure)
            )
    return not _names_a_secret(text, sure)


def _names_a_secret(text: str, sure: bool) -> bool:
    """Whether a text is the name of a secret, an object or a variable: `prod/db/password`, `my-secret-name`."""
    if _VARIABLE_NAME.fullmatch(text) and secret_by_name(text):
        return True
    if len(text) > 100 or not text[0].isalpha() or not is_readable(text.replace("/", "-")):
        return False
    if "/" in text:
        return not sure or _ABOUT.search(text) is not None
    return not sure and text.islower() and any(mark in text for mark in "-_.") and _ABOUT.search(text) is not None
