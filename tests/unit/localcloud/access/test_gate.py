"""The local cloud decides each call by the policies of its caller and of the resource."""

import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.config import Config

from tests.unit.localcloud.access.people import Client, People, allow, deny, refused
from tests.unit.localcloud.account import document, make_role

ACCOUNT = "123456789012"
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT}}


@pytest.fixture(scope="module")
def bucket(client: Client) -> str:
    s3 = client("s3")
    s3.create_bucket(Bucket="gate")
    s3.put_object(Bucket="gate", Key="mine/a", Body=b"x")
    s3.put_object(Bucket="gate", Key="yours/a", Body=b"x")
    return "gate"


def test_a_user_may_do_what_its_policies_and_those_of_its_groups_allow(
    people: People, client: Client, bucket: str
) -> None:
    name, mine = people.user(allow("s3:GetObject", resource=f"arn:aws:s3:::{bucket}/mine/*"))
    s3, iam = mine("s3"), client("iam")
    assert s3.get_object(Bucket=bucket, Key="mine/a")["Body"].read() == b"x"
    assert refused(s3.get_object, Bucket=bucket, Key="yours/a")[0] == "AccessDenied"
    assert refused(s3.head_object, Bucket=bucket, Key="yours/a")[:2] == ("403", 403)
    home = allow("s3:ListBucket", resource=f"arn:aws:s3:::{bucket}", Condition={"StringLike": {"s3:prefix": "mine/*"}})
    iam.create_group(GroupName=f"group-{name}")
    iam.put_group_policy(GroupName=f"group-{name}", PolicyName="list", PolicyDocument=document(home))
    iam.add_user_to_group(GroupName=f"group-{name}", UserName=name)
    assert s3.list_objects_v2(Bucket=bucket, Prefix="mine/")["KeyCount"] == 1
    assert refused(s3.list_objects_v2, Bucket=bucket, Prefix="yours/")[0] == "AccessDenied"
    write = iam.create_policy(PolicyName=f"write-{name}", PolicyDocument=document(allow("s3:PutObject")))
    iam.attach_user_policy(UserName=name, PolicyArn=write["Policy"]["Arn"])
    s3.put_object(Bucket=bucket, Key="mine/b", Body=b"y")
    started = s3.create_multipart_upload(Bucket=bucket, Key="mine/c")["UploadId"]
    assert refused(s3.abort_multipart_upload, Bucket=bucket, Key="mine/c", UploadId=started)[0] == "AccessDenied"
    copied = {"Bucket": bucket, "Key": "mine/d", "CopySource": f"{bucket}/yours/a"}
    assert f'"arn:aws:s3:::{bucket}/yours/a"' in refused(s3.copy_object, **copied)[2]


def test_deleted_objects_are_refused_one_by_one(people: People, client: Client, bucket: str) -> None:
    _, mine = people.user(allow("s3:DeleteObject", resource=f"arn:aws:s3:::{bucket}/mine/*"))
    client("s3").put_object(Bucket=bucket, Key="mine/gone", Body=b"x")
    keys = [{"Key": "mine/gone"}, {"Key": "yours/a"}]
    answer = mine("s3").delete_objects(Bucket=bucket, Delete={"Objects": keys})
    assert [one["Key"] for one in answer["Deleted"]] == ["mine/gone"]
    assert [(one["Key"], one["Code"]) for one in answer["Errors"]] == [("yours/a", "AccessDenied")]
    versions = [{"Key": "mine/gone", "VersionId": "null"}]
    assert mine("s3").delete_objects(Bucket=bucket, Delete={"Objects": versions})["Errors"]


def test_a_bucket_s_policy_grants_to_users_and_denies_even_root(people: People, client: Client) -> None:
    name, mine = people.user()
    root = client("s3")
    root.create_bucket(Bucket="shared")
    arn = {"AWS": f"arn:aws:iam::{ACCOUNT}:user/{name}"}
    all_of_it = ["arn:aws:s3:::shared", "arn:aws:s3:::shared/*"]
    tls = deny("s3:*", resource=all_of_it, Principal="*", Condition={"Bool": {"aws:SecureTransport": "false"}})
    given = allow("s3:PutObject", resource=all_of_it, Principal=arn)
    kept = deny("s3:DeleteBucket", resource=all_of_it, Principal="*")
    root.put_bucket_policy(Bucket="shared", Policy=document(tls, given, kept))
    mine("s3").put_object(Bucket="shared", Key="a", Body=b"x")
    assert refused(mine("s3").get_object, Bucket="shared", Key="a")[0] == "AccessDenied"
    assert root.get_object(Bucket="shared", Key="a")["Body"].read() == b"x"
    root.delete_object(Bucket="shared", Key="a")
    code, _, message = refused(root.delete_bucket, Bucket="shared")
    assert (code, message.endswith("with an explicit deny in a resource-based policy")) == ("AccessDenied", True)


def test_access_logs_need_a_policy_that_lets_s3_write_them(client: Client) -> None:
    s3 = client("s3")
    for name in ("logged", "logs-of-it"):
        s3.create_bucket(Bucket=name)
    target = {"LoggingEnabled": {"TargetBucket": "logs-of-it", "TargetPrefix": "logged/"}}
    logging = {"Bucket": "logged", "BucketLoggingStatus": target}
    objects = "arn:aws:s3:::logs-of-it/*"
    tls = deny("s3:*", resource=objects, Principal="*", Condition={"Bool": {"aws:SecureTransport": "false"}})
    s3.put_bucket_policy(Bucket="logs-of-it", Policy=document(tls))
    assert refused(s3.put_bucket_logging, **logging)[0] == "InvalidTargetBucketForLogging"
    of_it = {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::logged"}, "StringEquals": {"aws:SourceAccount": ACCOUNT}}
    service = {"Service": "logging.s3.amazonaws.com"}
    write = allow("s3:PutObject", resource=objects, Principal=service, Condition=of_it)
    s3.put_bucket_policy(Bucket="logs-of-it", Policy=document(tls, write))
    s3.put_bucket_logging(**logging)
    assert s3.get_bucket_logging(Bucket="logged")["LoggingEnabled"]["TargetBucket"] == "logs-of-it"
    never = deny("s3:*", resource=objects, Principal="*")
    s3.put_bucket_policy(Bucket="logs-of-it", Policy=document(write, never))
    assert refused(s3.put_bucket_logging, **logging)[0] == "InvalidTargetBucketForLogging"


def test_a_role_has_its_boundary_and_a_session_its_policy(people: People, client: Client, bucket: str) -> None:
    iam = client("iam")
    role = make_role(iam, "bounded", allow("s3:*", "iam:*"), trust=TRUST)
    limit = iam.create_policy(PolicyName="limit", PolicyDocument=document(allow("s3:*")))["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName="bounded", PermissionsBoundary=limit)
    _, stranger = people.user()
    assert "sts:AssumeRole" in refused(people.session, client=stranger, role=role)[2]
    _, user = people.user(allow("sts:AssumeRole", resource=role))
    mine = people.session(user, role)
    assert mine("sts").get_caller_identity()["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/bounded/me"
    assert mine("s3").list_objects_v2(Bucket=bucket)["KeyCount"]
    assert "no permissions boundary allows the iam:ListRoles action" in refused(mine("iam").list_roles)[2]
    narrow = people.session(user, role, Policy=document(allow("s3:GetObject")))
    assert "no session policy allows the s3:ListBucket" in refused(narrow("s3").list_objects_v2, Bucket=bucket)[2]
    other = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "a.b"}}
    iam.update_assume_role_policy(RoleName="bounded", PolicyDocument=document(other))
    assert refused(people.session, client=user, role=role)[0] == "AccessDenied"


def test_a_session_has_at_most_what_any_of_its_managed_policies_allows(
    people: People, client: Client, bucket: str
) -> None:
    iam = client("iam")
    role = make_role(iam, "narrowed", allow("s3:*", "iam:*"), trust=TRUST)
    read, listing = (
        iam.create_policy(PolicyName=name, PolicyDocument=document(allow(action)))["Policy"]["Arn"]
        for name, action in (("read", "s3:GetObject"), ("listing", "iam:ListRoles"))
    )
    _, user = people.user(allow("sts:AssumeRole", resource=role))
    mine = people.session(user, role, PolicyArns=[{"arn": read}, {"arn": listing}])
    assert mine("s3").get_object(Bucket=bucket, Key="mine/a")
    assert mine("iam").list_roles()
    assert "no session policy allows the s3:ListBucket" in refused(mine("s3").list_objects_v2, Bucket=bucket)[2]
    both = people.session(user, role, PolicyArns=[{"arn": read}], Policy=document(allow("s3:ListBucket")))
    assert both("s3").list_objects_v2(Bucket=bucket)["KeyCount"]
    assert refused(both("iam").list_roles)[0] == "AccessDenied"
    iam.delete_policy(PolicyArn=read)
    assert refused(both("s3").get_object, Bucket=bucket, Key="mine/a")[0] == "AccessDenied"


def test_a_user_has_a_boundary(people: People, client: Client, bucket: str) -> None:
    iam = client("iam")
    limit = iam.create_policy(PolicyName="limit-of-user", PolicyDocument=document(allow("s3:GetObject")))["Policy"][
        "Arn"
    ]
    name, mine = people.user(allow("s3:*"))
    assert mine("s3").list_objects_v2(Bucket=bucket)
    iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=limit)
    assert iam.get_user(UserName=name)["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == limit
    assert mine("s3").get_object(Bucket=bucket, Key="mine/a")
    assert "no permissions boundary allows" in refused(mine("s3").list_objects_v2, Bucket=bucket)[2]
    iam.delete_user_permissions_boundary(UserName=name)
    assert mine("s3").list_objects_v2(Bucket=bucket)
    made = iam.create_user(UserName=f"{name}-bounded", PermissionsBoundary=limit)["User"]
    assert made["PermissionsBoundary"]["PermissionsBoundaryArn"] == limit


def test_an_encrypted_object_needs_its_key(people: People, client: Client) -> None:
    root, kms = client("s3"), client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    root.create_bucket(Bucket="encrypted")
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    root.put_bucket_encryption(Bucket="encrypted", ServerSideEncryptionConfiguration={"Rules": [rule]})
    root.put_object(Bucket="encrypted", Key="a", Body=b"x")
    name, mine = people.user(allow("s3:*"))
    s3 = mine("s3")
    assert f"kms:Decrypt on resource: {key} " in refused(s3.get_object, Bucket="encrypted", Key="a")[2]
    put = {"Bucket": "encrypted", "Key": "b", "Body": b"x"}
    assert f"kms:GenerateDataKey on resource: {key} " in refused(s3.put_object, **put)[2]
    context = {"StringLike": {"kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::encrypted/*"}}
    by_s3 = {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}, **context}
    use = allow("s3:*"), allow("kms:Decrypt", "kms:GenerateDataKey", resource=key, Condition=by_s3)
    client("iam").put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=document(*use))
    s3.put_object(**put)
    assert s3.get_object(Bucket="encrypted", Key="a")["Body"].read() == b"x"
    assert refused(mine("kms").generate_data_key, KeyId=key, KeySpec="AES_256")[0] == "AccessDeniedException"
    # The key's own policy must allow too: here it lets another account alone use the key.
    of_others = {"Effect": "Allow", "Action": "kms:*", "Resource": "*", "Principal": {"AWS": "arn:aws:iam::1:root"}}
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=document(of_others))
    assert "no resource-based policy allows" in refused(s3.get_object, Bucket="encrypted", Key="a")[2]


def test_the_condition_keys_of_the_services_are_set(people: People, client: Client) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/passed"
    passing = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    _, mine = people.user(
        allow("sagemaker:CreateTrainingJob", Condition={"StringLike": {"sagemaker:InstanceTypes": "ml.m5.*"}}),
        allow("iam:PassRole", resource=role, Condition=passing),
        allow("cloudwatch:PutMetricData", Condition={"StringEquals": {"cloudwatch:namespace": "mine"}}),
    )
    cloudwatch, sagemaker = mine("cloudwatch"), mine("sagemaker")
    cloudwatch.put_metric_data(Namespace="mine", MetricData=[{"MetricName": "a", "Value": 1}])
    many = [{"MetricName": "a" * 200, "Value": 1}] * 100  # so large that boto3 compresses it
    cloudwatch.put_metric_data(Namespace="mine", MetricData=many)
    assert refused(cloudwatch.put_metric_data, Namespace="yours", MetricData=many)[0] == "AccessDeniedException"
    data = {"Namespace": "yours", "MetricData": [{"MetricName": "a", "Value": 1}]}
    assert refused(cloudwatch.put_metric_data, **data)[0] == "AccessDeniedException"
    request: dict[str, Any] = {
        "TrainingJobName": "x",
        "AlgorithmSpecification": {"TrainingImage": "i", "TrainingInputMode": "File"},
        "RoleArn": role,
        "OutputDataConfig": {"S3OutputPath": "s3://x/"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 1},
    }
    assert refused(sagemaker.create_training_job, **request)[0] == "ValidationException"  # the role does not exist
    other = request | {"RoleArn": f"{role}-2"}
    assert f"iam:PassRole on resource: {role}-2 " in refused(sagemaker.create_training_job, **other)[2]
    large = request | {"ResourceConfig": {**request["ResourceConfig"], "InstanceType": "ml.p4d.24xlarge"}}
    assert "sagemaker:CreateTrainingJob" in refused(sagemaker.create_training_job, **large)[2]


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_an_address_that_a_session_presigned_has_the_session_s_rights(
    people: People, client: Client, bucket: str, version: str
) -> None:
    read = allow("s3:GetObject", resource=f"arn:aws:s3:::{bucket}/mine/*")
    role = make_role(client("iam"), f"presigned-{version}", read, trust=TRUST)
    _, user = people.user(allow("sts:AssumeRole"))
    s3 = people.session(user, role)("s3", config=Config(signature_version=version))

    def status(key: str) -> int:
        try:
            with urllib.request.urlopen(
                s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": key})
            ) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    assert (status("mine/a"), status("yours/a")) == (200, 403)
