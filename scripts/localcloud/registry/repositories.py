"""ECR's repositories, which are moto's."""

from moto.ecr.models import Repository, ecr_backends

from scripts.localcloud.environment import ACCOUNT


def find(name: str, region: str | None = None) -> Repository | None:
    """A repository of the account, or None.

    Args:
        name: its name.
        region: where to look. Without one in all regions: ``localhost:PORT/NAME`` tells none.
    """
    backends = ecr_backends[ACCOUNT]
    places = [backends[region]] if region else list(backends.values())
    return next((place.repositories[name] for place in places if name in place.repositories), None)


def missing(name: str, account: str = ACCOUNT) -> str:
    """What ECR says of a repository that does not exist."""
    return f"The repository with name '{name}' does not exist in the registry with id '{account}'"
