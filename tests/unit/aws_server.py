"""AWS's APIs by moto on 127.0.0.1, as fixtures for the tests of the rooms' edges."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import pytest
from botocore.loaders import JSONFileLoader
from moto import settings
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.server import ThreadedMotoServer

from scripts.core import aws, models
from scripts.localcloud.shims import add_simulation
from scripts.stack import Stack

ACCOUNT = "123456789012"
STACK = Stack(
    project="trainyard",
    environment="local",
    region="us-east-1",
    account_id=ACCOUNT,
    repository_arn=f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/trainyard-local",
    repository_name="trainyard-local",
    repository_url=f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/trainyard-local",
    role_arn=f"arn:aws:iam::{ACCOUNT}:role/trainyard-local-training",
    data_bucket="data",
    models_bucket="models",
    checkpoints_bucket="checkpoints",
)

S3 = "/data/s3/"


def keep_models(files: type[JSONFileLoader]) -> None:
    """Read each model of a service once: each test has a session of its own, which would read all that it needs anew.

    Of S3, a client changes what it has read (botocore.handlers.remove_bucket_from_url_paths_from_model): our clients
    may share it, but not with the server, which reads it with botocore's own loader.
    """
    read = files.load_file
    read_once = cache(lambda path: read(files(), path))

    def load_file(self: JSONFileLoader, file_path: str) -> object:
        return read(self, file_path) if S3 in file_path and files is JSONFileLoader else read_once(file_path)

    files.load_file = load_file  # type: ignore[method-assign]


for each in (JSONFileLoader, models.QuickFiles):
    keep_models(each)


@pytest.fixture(scope="session")
def aws_address() -> Iterator[str]:
    """The server's URL."""
    add_simulation()
    # As scripts/localcloud/app.py does: moto lists a folder at each call, which takes half the time of a call.
    DomainDispatcherApplication.get_backend_for_host = cache(DomainDispatcherApplication.get_backend_for_host)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def empty_aws(aws_address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An account with nothing in it, to which every client of this process speaks."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws_address)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"):
        monkeypatch.delenv(name, raising=False)
    moto_api_backend.reset()  # by HTTP, a busy machine may lose the call
    aws.session.cache_clear()
    yield
    aws.session.cache_clear()


@contextmanager
def poor_user(action: str = "s3:*") -> Iterator[None]:
    """A user who has rights to S3 (or one action) and to nothing else: moto asks for rights once it is told to."""
    iam = aws.client("iam")
    iam.create_user(UserName="poor")
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="poor", PolicyName="s3", PolicyDocument=policy)
    key = iam.create_access_key(UserName="poor")["AccessKey"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        patch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        aws.session.cache_clear()
        patch.setattr(settings, "INITIAL_NO_AUTH_ACTION_COUNT", 0)
        yield
