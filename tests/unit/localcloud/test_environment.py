"""The environment of a command that uses the local cloud, made from the caller's environment."""

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from scripts.localcloud import Cloud, environment, shell_lines

CLOUD = Cloud("http://127.0.0.1:4001", 4001, 7, datetime.now(UTC), Path("/root of it/build/local-cloud"))
STRAY = {
    "AWS_ENDPOINT_URL_S3": "https://elsewhere",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_PROFILE": "work",
    "AWS_CA_BUNDLE": "/x",
    "AWS_SESSION_TOKEN": "t",
    "AWS_ACCESS_KEY_ID": "AKIA",
}
NAMES = st.text(st.characters(codec="ascii", categories=["Lu", "Ll"], include_characters="_"), min_size=1)
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


def test_every_aws_variable_is_replaced() -> None:
    changed = environment(CLOUD, STRAY | {"HOME": "/h", "http_proxy": "http://proxy"})
    assert changed == {
        "HOME": "/h",
        "http_proxy": "http://proxy",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4001",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_CONFIG_FILE": "/root of it/build/local-cloud/aws-config",
        "AWS_SHARED_CREDENTIALS_FILE": "/root of it/build/local-cloud/aws-config",
        "AWS_EC2_METADATA_DISABLED": "true",
        "CHECKPOINT_DISABLE": "1",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "TF_DATA_DIR": "/root of it/build/local-local/terraform",
        "ENV_TEXT": "local",
    }


def test_each_environment_has_its_own_terraform_folder() -> None:
    assert environment(CLOUD, {"ENV_TEXT": "dev"})["TF_DATA_DIR"].endswith("/build/local-dev/terraform")
    assert environment(CLOUD, {"ENV_TEXT": ""})["ENV_TEXT"] == "local"


def test_no_proxy_entries_are_kept() -> None:
    def no_proxy(**base: str) -> str:
        changed = environment(CLOUD, base)
        assert changed["NO_PROXY"] == changed["no_proxy"]
        return changed["no_proxy"]

    assert no_proxy(NO_PROXY="a, b", no_proxy="b,c") == "a,b,c,127.0.0.1,localhost"
    assert no_proxy(no_proxy="localhost") == "localhost,127.0.0.1"
    assert no_proxy(NO_PROXY="*", no_proxy="a") == "*"


@given(st.dictionaries(NAMES, VALUES))
def test_other_variables_are_unchanged(base: dict[str, str]) -> None:
    ours = environment(CLOUD, {})
    changed = environment(CLOUD, base)
    assert {k: v for k, v in changed.items() if k not in ours} == {
        k: v for k, v in base.items() if k not in ours and not k.startswith("AWS_")
    }


def test_a_shell_that_evaluates_the_lines_gets_the_same_environment() -> None:
    base = STRAY | {"PATH": os.environ["PATH"], "no_proxy": "it's $HOME; `x`"}
    script = "\n".join(shell_lines(CLOUD, base)) + "\nenv -0"
    seen = subprocess.run(["sh", "-c", script], env=base, check=True, capture_output=True, text=True).stdout
    variables = dict(line.split("=", 1) for line in seen.split("\0") if line)
    wanted = environment(CLOUD, base)
    del wanted["ENV_TEXT"]
    assert {name: variables.get(name) for name in wanted} == wanted
    assert {name for name in variables if name.startswith("AWS_")} == {name for name in wanted if name[:4] == "AWS_"}
