"""An image for what was not pushed, while jobs run as processes: any tag of an existing repository names it.

So a job names an image and preflight looks it up as on AWS, on a machine without containers too.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC

from moto.ecr.models import Repository

from scripts.localcloud.registry.storage import Image

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"


def image(repository: Repository, wanted: Mapping[str, str]) -> Image | None:
    """The repository's one synthetic image, with the tag that is wanted; None where another digest is wanted."""
    text = _manifest(repository.name)
    digest = "sha256:" + hashlib.sha256(text.encode()).hexdigest()
    if wanted.get("imageDigest", digest) != digest:
        return None
    tags = (wanted["imageTag"],) if "imageTag" in wanted else ()
    return Image(digest, tags, text, repository.created_at.replace(tzinfo=UTC), 0)


def _manifest(repository: str) -> str:
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "size": 0, "digest": f"sha256:{'0' * 64}"}
    content = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": config,
        "layers": [],
        "annotations": {"trainyard.synthetic": repository},
    }
    return json.dumps(content, sort_keys=True)
