"""A made-up image for machines without containers: there, every tag of an existing repository names it.

So a job can name an image without a push, and preflight finds the image as on AWS. Tags of a project's own code name
none: where jobs run as processes, nothing runs such a project, and no image of it is built.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC

from moto.ecr.models import Repository

from scripts.localcloud.registry.storage import Image

PROJECT_TAG = "code-"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"


def image(repository: Repository, wanted: Mapping[str, str]) -> Image | None:
    """Return the repository's only synthetic image, with the wanted tag.

    None if another digest is wanted, or the image of a project's own code.
    """
    if wanted.get("imageTag", "").startswith(PROJECT_TAG):
        return None
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
