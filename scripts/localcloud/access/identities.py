"""What moto does not keep of users and sessions: a user's boundary, and the managed policies of a session."""

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.models import User
from moto.iam.responses import IamResponse
from moto.sts.responses import TokenResponse

from scripts.localcloud.access.callers import BOUNDARY_ARN, POLICY_ARNS


def patch_moto() -> None:
    """Let moto keep them."""
    create_user, assume_role = IamResponse.create_user, TokenResponse.assume_role

    def create(response: Any) -> ActionResult:
        created: ActionResult = create_user(response)
        setattr(created.result["User"], BOUNDARY_ARN, response.params.get("PermissionsBoundary"))
        return created

    def assume(response: Any) -> ActionResult:
        assumed: ActionResult = assume_role(response)
        arns = [one.get("arn") for one in response.params.get("PolicyArns") or ()]
        setattr(assumed.result["Credentials"], POLICY_ARNS, [arn for arn in arns if arn])
        return assumed

    User.permissions_boundary = property(_boundary)
    IamResponse.create_user, TokenResponse.assume_role = create, assume
    IamResponse.put_user_permissions_boundary = _put_boundary
    IamResponse.delete_user_permissions_boundary = _delete_boundary


def _boundary(user: Any) -> dict[str, str] | None:
    """The member PermissionsBoundary of a user, as IAM answers it.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachedPermissionsBoundary.html
    """
    arn = getattr(user, BOUNDARY_ARN, None)
    return {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn} if arn else None


def _put_boundary(response: Any) -> ActionResult:
    user = response.backend.get_user(response.params["UserName"])
    setattr(user, BOUNDARY_ARN, response.params["PermissionsBoundary"])
    return EmptyResult()


def _delete_boundary(response: Any) -> ActionResult:
    setattr(response.backend.get_user(response.params["UserName"]), BOUNDARY_ARN, None)
    return EmptyResult()
