"""The policy `train` of terraform/modules/people, for a stack in a local cloud.

terraform/tests/people.tftest.hcl compares the file with the module's policy.
"""

import json
from typing import Any

from scripts.stack import Stack
from tests.conftest import ROOT

FILE = ROOT / "terraform/tests/people_train.json"


def statements(stack: Stack) -> list[dict[str, Any]]:
    """The policy's statements for a stack; one without a key has none about the key."""
    names = {
        "arn:aws:kms:eu-central-1:111122223333:key/the-key": stack.kms_key_arn or "",
        "111122223333": stack.account_id,
        "eu-central-1": stack.region,
        "the-role": stack.role_arn.partition(":role/")[2],
        "the-trainer": stack.repository_name,
        "arn:aws:s3:::the-data": f"arn:aws:s3:::{stack.data_bucket}",
        "the-models": stack.models_bucket,
        "the-checkpoints": stack.checkpoints_bucket,
        "/dev/": f"/{stack.environment}/",
    }
    text = FILE.read_text(encoding="utf-8")
    for name, value in names.items():
        text = text.replace(name, value)
    found: list[dict[str, Any]] = json.loads(text)["Statement"]
    return [one for one in found if one["Resource"] != [""]]
