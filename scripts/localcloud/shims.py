"""Corrections of moto's behaviour, as far as this project needs them."""

from datetime import UTC, datetime
from typing import Any

from moto.core import serialize
from moto.core.responses import ActionResult
from moto.ecr.models import Repository
from moto.iam.exceptions import InvalidInput, NotFoundException
from moto.iam.responses import IamResponse
from moto.s3.models import FakeBucket, FakeDeleteMarker, FakeMultipart
from moto.s3.responses import S3Response
from moto.sts.models import STSBackend

from scripts.core.aws import read_time
from scripts.localcloud.access import canonical, gate, identities, simulation
from scripts.policies.documents import InvalidPolicyError


def apply(registry: str) -> None:
    """Patch moto. The server calls this once, before it serves.

    Args:
        registry: the address of the registry behind ECR, which the URIs of repositories name.

    Delete markers: if versioning is suspended, moto 5.2 deletes a key with all its versions and calls ``dispose`` of
    each. A delete marker lacks that method. The call fails with an AttributeError, botocore and Terraform repeat it,
    and destroying a versioned bucket with ``force_destroy`` never ends.

    Users and sessions: moto keeps neither a user's permissions boundary nor the managed policies of a session.

    The account's root: moto calls a caller whose key nobody made a user of STS, which no account has.

    Operations and regions: moto finds them in other places of a request than the gate.

    Simulations: moto has no SimulatePrincipalPolicy.

    Times: moto makes a text of each, and reads it again with dateutil. That takes a third of a listing's time.

    Incomplete uploads: moto says of each that it began in 2010. So a program that aborts old ones would abort all.

    Bucket policies: moto ignores their conditions. So the usual statement "deny requests without TLS" would deny
    everything. Where it looks for the right to write access logs, it fails at a principal that is not a service.
    """
    Repository.uri = property(lambda repository: f"{registry}/{repository.name}", lambda *_: None)
    FakeDeleteMarker.dispose = lambda _self, garbage=False: None  # noqa: ARG005 - moto's own signature
    FakeBucket.get_permission = _permission
    FakeBucket._log_permissions_enabled_policy = staticmethod(gate.takes_logs)
    _keep_times_of_uploads()
    _read_times_quickly()
    _name_the_root()
    canonical.patch_moto()
    identities.patch_moto()
    add_simulation()


def add_simulation() -> None:
    """Let moto's IAM answer SimulatePrincipalPolicy."""
    IamResponse.simulate_principal_policy = simulate_principal_policy


def simulate_principal_policy(response: Any) -> ActionResult:
    """Answer SimulatePrincipalPolicy as a method of moto's IAM."""
    try:
        return ActionResult(simulation.simulate(response.params))
    except simulation.NotAnEntityError:
        arn = response.params["PolicySourceArn"]
        raise InvalidInput(f"Invalid Entity Arn: {arn} does not clearly define entity type and name.") from None
    except simulation.NoSuchPrincipalError:
        raise NotFoundException(f"The entity {response.params['PolicySourceArn']} cannot be found.") from None
    except InvalidPolicyError as error:
        raise InvalidInput(f"A policy is invalid: {error}.") from None


def _keep_times_of_uploads() -> None:
    """Let ListMultipartUploads answer when each upload began."""
    make, list_uploads = FakeMultipart.__init__, S3Response.list_multipart_uploads

    def made(upload: Any, *arguments: Any, **more: Any) -> None:
        make(upload, *arguments, **more)
        upload.initiated = datetime.now(UTC)

    def listed(response: Any) -> Any:
        serialized, began = response.serialized, response.backend.list_multipart_uploads(response.bucket_name)

        def with_times(answer: ActionResult) -> Any:
            for upload in answer.result["Uploads"]:
                upload["Initiated"] = f"{began[upload['UploadId']].initiated:%Y-%m-%dT%H:%M:%S.000Z}"
            return serialized(answer)

        response.serialized = with_times
        return list_uploads(response)

    FakeMultipart.__init__, S3Response.list_multipart_uploads = made, listed


def _read_times_quickly() -> None:
    """Let moto read times as `read_time` does: the same values."""
    aware = serialize.parse_to_aware_datetime
    serialize.parse_to_aware_datetime = lambda value: aware(read_time(value) if isinstance(value, str) else value)


def _name_the_root() -> None:
    """Let GetCallerIdentity answer the root's ARN for a key that belongs to no user and no session."""
    identity = STSBackend.get_caller_identity

    def named(backend: Any, access_key_id: str, region: str) -> tuple[str, str, str]:
        user, arn, account = identity(backend, access_key_id, region)
        if arn != f"arn:{backend.partition}:sts::{account}:user/moto":
            return user, arn, account
        return account, f"arn:{backend.partition}:iam::{account}:root", account

    STSBackend.get_caller_identity = named


def _permission(_: Any, action: str, resource: str) -> Any:
    return gate.object_permission(action, resource)
