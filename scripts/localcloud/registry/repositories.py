"""Looks up ECR's repositories, which moto keeps."""

from moto.ecr.models import Repository, ecr_backends

from scripts.localcloud.environment import ACCOUNT


def find(name: str, region: str | None = None) -> Repository | None:
    """Return a repository of the account, or None.

    Args:
        name: the repository's name.
        region: where to look; None for all regions, because ``localhost:PORT/NAME`` names no region.
    """
    backends = ecr_backends[ACCOUNT]
    candidates = [backends[region]] if region else list(backends.values())
    return next((backend.repositories[name] for backend in candidates if name in backend.repositories), None)


def missing(name: str, account: str = ACCOUNT) -> str:
    """Return ECR's message for a repository that does not exist."""
    return f"The repository with name '{name}' does not exist in the registry with id '{account}'"
