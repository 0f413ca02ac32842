"""Rules for secrets that stand in plain text in a configuration or in a script."""

import re
from collections.abc import Iterator

from ..model import Change, Severity
from ..reading.references import without_keys
from ..secrets.assignments import naming_lines
from ..secrets.encoded import decoded
from ..secrets.spans import named_spans
from ..secrets.values import holds_secret, is_secret_reference
from .registry import EVERY, Family
from .resources import PlanIndex, Resource

_EVERY = Family("Every service")
# The ids of access keys (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids)
# and private keys have forms that nothing else has.
_KEY = re.compile(r"\bAKIA[A-Z0-9]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY")
_ASSIGNED = re.compile(
    r"(?:^|[\s;])(?:export |setx? )?[\"']?([A-Za-z_]\w*)[\"']?[=:] ?[\"']?([^\s\"';$]{6,})", re.MULTILINE
)
# Other rules report what the environment of a function, a container or a build holds.
_ENVIRONMENT = re.compile(r"(?:^|\.)environment")
_SCRIPTS = {
    "aws_launch_configuration": ("user_data", "user_data_base64"),
    "aws_launch_template": ("user_data",),
    "aws_instance": ("user_data", "user_data_base64"),
    "aws_spot_instance_request": ("user_data", "user_data_base64"),
    "aws_sagemaker_notebook_instance_lifecycle_configuration": ("on_create", "on_start"),
    "aws_sagemaker_studio_lifecycle_config": ("studio_lifecycle_config_content",),
}


@_EVERY.change(
    EVERY,
    "secret-in-configuration",
    Severity.HIGH,
    "The configuration holds a secret in plain text",
    why="Everybody who may read the configuration or its history in version control has it, for ever.",
    fix="Read it from Secrets Manager, or let AWS generate it (`manage_master_user_password`). A secret that was "
    "committed must be replaced.",
    page="https://docs.aws.amazon.com/prescriptive-guidance/latest/secure-sensitive-data-secrets-manager-terraform/welcome.html",
)
def in_configuration(change: Change, index: PlanIndex) -> Iterator[str]:
    """Reports an attribute with a secret's name, and a key in any attribute, if its text is written out and is new."""
    before, after = index.before.by_address.get(change.address), change.after or {}
    for path, text in index.plan.literals.get(without_keys(change.address), ()) if change.after is not None else ():
        attribute, name = path.partition(".")[0], path.rpartition(".")[2]
        if before is not None and before.values.get(attribute) == after.get(attribute):
            continue
        named = holds_secret(name, text) or (change.type, path) == ("aws_ssm_parameter", "value")
        if _KEY.search(text) or (named and _is_plain(change, path, text)):
            yield f"`{path}` is a secret, and stands in the configuration in plain text."


def _is_plain(change: Change, path: str, text: str) -> bool:
    """Whether a text is a secret itself: no reference to one, no public parameter, nothing that other rules report."""
    public = change.type == "aws_ssm_parameter" and (change.after or {}).get("type") != "SecureString"
    return bool(text) and not public and not _ENVIRONMENT.search(path) and not is_secret_reference(text)


@_EVERY.state(
    tuple(_SCRIPTS),
    "secret-in-script",
    Severity.MEDIUM,
    "A machine's start script holds a secret",
    why="Whoever may describe the machine, or sign in to it, can read the script. Terraform's state holds it too.",
    fix="Let the script read it from Secrets Manager or the Parameter Store, with the machine's role.",
    page="https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html",
)
def in_script(resource: Resource) -> Iterator[str]:
    """Reports a key, and a value that is assigned to a secret's name. The plan has only a hash of some scripts."""
    for attribute in _SCRIPTS[resource.change.type]:
        text = resource.text(attribute)
        script = decoded(text) or text
        name = _assigned_name(script)
        if name or named_spans(script):
            yield f"The script in `{attribute}` holds a secret{f' ({name})' if name else ''}."


def _assigned_name(script: str) -> str:
    """The first name in a script to which a secret is assigned; empty if there is none."""
    for line in naming_lines(script, script.lower()):
        for name, value in _ASSIGNED.findall(script, *line):
            if holds_secret(name, value):
                return str(name)
    return ""
