"""What moto lacks and this project meets, put right at one place."""

from moto.s3.models import FakeDeleteMarker


def apply() -> None:
    """Mend moto; called once, before it serves.

    moto 5.2 disposes of each version when a key goes, and a delete marker is a version without ``dispose``: the
    call ends in an AttributeError, botocore and Terraform repeat it, and the destruction of a versioned bucket
    with ``force_destroy`` never ends.
    """
    FakeDeleteMarker.dispose = lambda _self, garbage=False: None  # noqa: ARG005 - moto's own signature
