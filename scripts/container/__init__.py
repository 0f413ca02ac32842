"""The trainer's image: what it is built on, what it is called, how it is built and pushed.

The public face: `chosen` says what is built on, `image_tag` what the image of the present tree is called; neither asks
Docker or AWS. `build` builds it. `scripts.container.engine` is the Docker engine of this machine,
`scripts.container.repository` what ECR holds, `scripts.container.push` brings an image there.
"""

from scripts.container.base import Base, chosen, forget, of_aws
from scripts.container.build import build
from scripts.container.catalogue import has_gpu, warning
from scripts.container.tag import image_tag

__all__ = ["Base", "build", "chosen", "forget", "has_gpu", "image_tag", "of_aws", "warning"]
