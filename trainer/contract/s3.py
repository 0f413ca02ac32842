"""Reads a program's code from S3. No other module of the trainer asks AWS."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from trainyard.errors import JobError

OTHER_PLACE = "Set code_location= in the SDK to a place that the role may read, such as s3://<the data bucket>/code."
IN_A_CHANNEL = "With enable_network_isolation=True, the SDK sends the code in a channel instead."


def download(uri: str, into: Path, environ: Mapping[str, str]) -> None:
    """Download the object ``uri`` into a file, with the base image's boto3.

    Raises:
        JobError: the image has no boto3, the role has no right to read the object, or S3 cannot be reached.
    """
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        fix = f"Build the image on AWS's TensorFlow image. {IN_A_CHANNEL}"
        raise JobError(f"The job's code is {uri}, and this image has no boto3 to read it.", fix) from None
    place = urlsplit(uri)
    config = Config(connect_timeout=20, read_timeout=60, retries={"total_max_attempts": 3})
    client = boto3.client("s3", region_name=environ.get("AWS_REGION"), config=config)
    try:
        body = client.get_object(Bucket=place.netloc, Key=place.path.lstrip("/"))["Body"]
        with into.open("wb") as file:
            shutil.copyfileobj(body, file)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in ("AccessDenied", "403"):
            raise JobError(f"The job's code is {uri}; its role lacks s3:GetObject there.", OTHER_PLACE) from None
        raise JobError(f"The job's code is {uri}, which S3 does not give: {error}", OTHER_PLACE) from None
    except BotoCoreError as error:
        raise JobError(f"The job's code is {uri}, and S3 cannot be reached: {error}", IN_A_CHANNEL) from None
