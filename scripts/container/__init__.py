"""The trainer's image: its base, its tag, how it is built and pushed.

`current_base` gives the image to build on, `image_tag` the tag of the image of the current tree. Neither needs Docker
or AWS. `build` builds the image. `scripts.container.engine` is the Docker engine of this machine,
`scripts.container.repository` the ECR repository, `scripts.container.push` pushes an image to it.
"""

from scripts.container.base import Base, aws_base, current_base, forget_base
from scripts.container.build import build, build_project
from scripts.container.catalogue import has_gpu, patch_warning
from scripts.container.project import Project, check_program
from scripts.container.project import read as read_project
from scripts.container.tag import image_tag, project_tag

__all__ = [
    "Base",
    "Project",
    "aws_base",
    "build",
    "build_project",
    "check_program",
    "current_base",
    "forget_base",
    "has_gpu",
    "image_tag",
    "patch_warning",
    "project_tag",
    "read_project",
]
