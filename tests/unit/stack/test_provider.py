"""The modules accept version 6 of the AWS provider, which was not run: nothing in terraform/ is deprecated there."""

import re

from tests.conftest import ROOT

# https://registry.terraform.io/providers/hashicorp/aws/latest/docs/guides/version-6-upgrade
DEPRECATED = re.compile(r"data\.aws_region\.\w+\.name\b|\baws_s3_bucket\.\w+(\[[^]]*\])?\.region\b")


def test_nothing_reads_what_version_6_of_the_provider_deprecates() -> None:
    files = [file for file in (ROOT / "terraform").rglob("*.tf") if ".terraform" not in file.parts]
    assert len(files) > 40
    found = {file.name: DEPRECATED.findall(file.read_text(encoding="utf-8")) for file in files}
    assert not any(found.values()), found
    assert DEPRECATED.search("data.aws_region.current.name")
    assert DEPRECATED.search('aws_s3_bucket.this["data"].region')
