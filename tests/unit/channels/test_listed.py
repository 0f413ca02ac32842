"""Manifests: their form, and the paths in them."""

import json
from pathlib import Path

import pytest

from scripts.channels import LocalChannel, Manifest, path_problem, prefix_of
from scripts.channels.listed import missing_paths, parse
from scripts.channels.remote import readers
from scripts.core.errors import UserError

MANIFEST = Manifest("s3://data/digits/training/", ("a.png", "ü/b c.png"))


def test_a_manifest_is_what_was_written() -> None:
    assert parse(MANIFEST.body, "s3://data/x") == MANIFEST
    assert json.loads(MANIFEST.body) == [{"prefix": "s3://data/digits/training/"}, "a.png", "ü/b c.png"]
    assert MANIFEST.place == ("data", "digits/training/")


@pytest.mark.parametrize(
    "text",
    [
        "", "{}", "[]", '["a"]', '[{"prefix": "s3://b/"}]', '[{"prefix": "data/"}, "a"]', '[{"prefix": "s3://b/"}, 1]',
        '[{"prefix": "s3://"}, "a"]', '[{"prefix": 1}, "a"]', "[" * 100_000, '[{"prefix": "s3://b/", "x": 1}, 2, "a"]',
    ],
)  # fmt: skip
def test_another_form_is_two_lines(text: str) -> None:
    with pytest.raises(UserError, match="s3://data/x is not a manifest") as caught:
        parse(text, "s3://data/x")
    assert 'first {"prefix": "s3://…"}' in caught.value.fix


def test_each_content_has_a_key_of_its_own_below_no_channel() -> None:
    key = MANIFEST.key("digits", "training")
    assert key != Manifest(MANIFEST.prefix, ("a.png",)).key("digits", "training")
    assert not key.startswith(prefix_of("digits", "training"))
    channel = LocalChannel("training", Path("data/x"), "x", prefix_of("digits", "training"))
    source = {"S3DataType": "ManifestFile", "S3Uri": f"s3://data/{key}"}
    job = {"InputDataConfig": [{"ChannelName": "training", "DataSource": {"S3DataSource": source}}]}
    assert readers([job], "data", channel.prefix) == [job]
    assert readers([job], "data", prefix_of("digits", "train")) == []
    assert readers([job], "data", prefix_of("digits", f"training-{'0' * 12}.manifest")) == []


@pytest.mark.parametrize("path", ["a", "a/b.png", "ü b", "..a", "a..b/c"])
def test_a_path_below_a_folder(path: str) -> None:
    assert path_problem(path) is None


@pytest.mark.parametrize("path", ["/a", "../a", "a/../b", "a//b", "./a", "a/", ".", "a/./b"])
def test_a_path_that_is_none(path: str) -> None:
    assert path_problem(path) is not None


def test_what_is_missing() -> None:
    assert missing_paths(["a", "b", "c"], {"b"}) == ["a", "c"]
