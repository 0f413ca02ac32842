"""sagemaker_program and sagemaker_submit_directory: the program and the code that SageMaker's SDK names."""

import io
import json
import os
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from scripts.core import aws
from tests.unit.aws_server import poor_user
from tests.unit.trainer.trainer_runs import ROOT, Base, environment
from trainer.contract.archive import unpack

pytestmark = pytest.mark.usefixtures("forked_base")

PROGRAM = """
import os, sys
import beside
given = os.environ["SM_MODULE_DIR"], os.environ["SM_USER_ENTRY_POINT"]
print(beside.NAME, os.getcwd() == sys.path[0], *given, sys.argv[1:])
"""
FILES = {"train.py": PROGRAM, "beside.py": "NAME = 'from the archive'\n"}


def pack(path: Path, files: dict[str, str], *more: tarfile.TarInfo) -> Path:
    """Write a .tar.gz with files and other members."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
        for member in more:
            tar.addfile(member)
    return path


def special(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, link
    return member


def run(base: Base, directory: str = "", program: str = "train.py", **variables: str) -> tuple[int, str, str]:
    """Run a job that the SDK sent: its values are JSON."""
    sent = {"sagemaker_program": program, "sagemaker_submit_directory": directory, "epochs": 3}
    base.configure(hyperparameters={name: json.dumps(value) for name, value in sent.items() if value})
    return train(base, **variables)


def train(base: Base, **variables: str) -> tuple[int, str, str]:
    variables = {"SAGEMAKER_BASE_DIR": str(base.root), "SAGEMAKER_PROGRAM": "__main__.py", **variables}
    ended = subprocess.run(
        [base.python_for(variables), "-m", "trainer", "train"],
        cwd=ROOT,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=120,
    )
    return ended.returncode, ended.stdout, ended.stderr


def test_the_code_comes_from_an_archive_in_a_channel(base: Base) -> None:
    packed = str(pack(base.root / "input/data/code/sourcedir.tar.gz", FILES))
    assert run(base, packed)[:2] == (0, f"from the archive True {packed} train.py ['--epochs', '3']\n")


def test_the_code_comes_from_a_folder(base: Base) -> None:
    folder = base.root / "input" / "data" / "code"
    folder.mkdir(parents=True)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    assert run(base, str(folder))[1].startswith("from the archive True")


@pytest.mark.usefixtures("empty_aws")
def test_the_code_comes_from_s3(base: Base, tmp_path: Path) -> None:
    packed = pack(tmp_path / "sourcedir.tar.gz", FILES)
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="sdk")
    s3.put_object(Bucket="sdk", Key="job/source/sourcedir.tar.gz", Body=packed.read_bytes())
    uri = "s3://sdk/job/source/sourcedir.tar.gz"
    assert run(base, uri)[:2] == (0, f"from the archive True {uri} train.py ['--epochs', '3']\n")
    assert run(base, "s3://sdk/absent")[:2] == (1, "")
    assert base.failure.startswith("The job's code is s3://sdk/absent, which S3 does not give:")


@pytest.mark.usefixtures("empty_aws")
def test_the_error_for_a_bucket_that_the_role_may_not_read_names_the_right(base: Base) -> None:
    aws.client("s3").create_bucket(Bucket="sdk")
    with poor_user("s3:PutObject"):
        assert run(base, "s3://sdk/sourcedir.tar.gz")[:2] == (1, "")
    assert base.failure.startswith(
        "The job's code is s3://sdk/sourcedir.tar.gz; its role lacks s3:GetObject there. Set"
    )
    assert "code_location=" in base.failure


def test_without_a_network_the_job_ends_with_that_reason(base: Base) -> None:
    ended = run(
        base,
        "s3://sdk/sourcedir.tar.gz",
        AWS_ENDPOINT_URL="http://127.0.0.1:9",
        AWS_ACCESS_KEY_ID="x",
        AWS_SECRET_ACCESS_KEY="x",
        NO_PROXY="127.0.0.1",
    )
    assert ended[:2] == (1, "")
    assert "S3 cannot be reached" in base.failure
    assert base.failure.endswith("With enable_network_isolation=True, the SDK sends the code in a channel instead.")


def test_without_boto3_the_job_is_refused(base: Base, tmp_path: Path) -> None:
    (tmp_path / "boto3.py").write_text("raise ImportError")
    assert run(base, "s3://sdk/sourcedir.tar.gz", PYTHONPATH=str(tmp_path))[:2] == (1, "")
    assert "this image has no boto3" in base.failure


def test_a_program_of_the_image_needs_no_directory(base: Base, tmp_path: Path) -> None:
    code = tmp_path / "code"
    code.mkdir()
    (code / "mine.py").write_text("print('mine')")
    assert run(base, "", "mine.py", SAGEMAKER_SUBMIT_DIRECTORY=str(code))[:2] == (1, "")
    assert "SAGEMAKER_PROGRAM names '__main__.py', and the hyperparameter sagemaker_program 'mine.py'" in base.failure
    variables = {"SAGEMAKER_SUBMIT_DIRECTORY": str(code), "SAGEMAKER_PROGRAM": ""}
    assert run(base, "", "mine.py", **variables)[:2] == (0, "mine\n")
    assert run(base, str(code), "mine.py", **variables)[:2] == (0, "mine\n")


@pytest.mark.parametrize(
    ("directory", "program", "failure"),
    [
        ("/no/such.tar.gz", "train.py", "names '/no/such.tar.gz', which is neither s3://… nor a file or folder"),
        ("file:///x", "train.py", "names 'file:///x', which is neither"),
        ("", "absent.py", "sagemaker_program names 'absent.py', which is not a file in this image."),
        ("PACKED", "absent.py", "sagemaker_program names 'absent.py', which is not a file in "),
        ("PACKED", "../train.py", "sagemaker_program names '../train.py', which is not a file in "),
        ("PACKED", "", "The hyperparameter sagemaker_submit_directory names code, but nothing names its program."),
        ("PACKED", "train", "sagemaker_program names 'train', which is not a file in "),
    ],
)
def test_no_other_program_runs_in_its_place(base: Base, directory: str, program: str, failure: str) -> None:
    packed = pack(base.root / "code.tar.gz", FILES)
    assert run(base, directory.replace("PACKED", str(packed)), program)[:2] == (1, "")
    assert failure in base.failure


LINK, HARD = tarfile.SYMTYPE, tarfile.LNKTYPE


@pytest.mark.parametrize(
    "members",
    [
        [special("../out.py", tarfile.REGTYPE)],
        [special("/tmp/out.py", tarfile.REGTYPE)],
        [special("a/../../out.py", tarfile.REGTYPE)],
        [special("out", LINK, "/etc/passwd")],
        [special("out", LINK, "../out")],
        [special("a/out", LINK, "../../out")],
        [special("out", HARD, "../out")],
        [special("one", LINK, "."), special("two", LINK, "one/..")],
        [special("one", LINK, "a"), special("one/x.py", tarfile.REGTYPE)],
        [special("train.py", LINK, "beside.py")],
        [special("device", tarfile.CHRTYPE)],
        [special("pipe", tarfile.FIFOTYPE)],
    ],
    ids=lambda members: " ".join(f"{member.name}>{member.linkname}" for member in members),
)
def test_a_hostile_archive_is_refused(base: Base, members: list[tarfile.TarInfo]) -> None:
    packed = pack(base.root / "code.tar.gz", FILES, *members)
    assert run(base, str(packed))[:2] == (1, "")
    assert base.failure.startswith(f"The code in {packed} was not unpacked: its ")
    assert repr(members[-1].name) in base.failure
    assert not (base.root.parent / "out").exists()


def test_links_inside_the_archive_are_kept(base: Base) -> None:
    links = special("lib/beside.py", LINK, "../real.py"), special("beside.py", HARD, "real.py")
    packed = pack(base.root / "code.tar.gz", {"train.py": PROGRAM, "real.py": FILES["beside.py"]}, *links)
    assert run(base, str(packed))[1].startswith("from the archive")


def test_an_archive_that_fills_the_disk_is_refused(base: Base) -> None:
    zeros = tarfile.TarInfo("zeros")
    zeros.size = 1 << 50
    packed = base.root / "code.tar.gz"
    base.root.mkdir()
    with tarfile.open(packed, "w:gz") as tar:
        tar.fileobj.write(zeros.tobuf())  # the header alone
    assert run(base, str(packed))[:2] == (1, "")
    assert "it needs more than the" in base.failure


def test_an_archive_that_is_none_is_refused(base: Base) -> None:
    base.root.mkdir()
    packed = base.root / "code.tar.gz"
    packed.write_text("no archive")
    assert run(base, str(packed))[:2] == (1, "")
    assert base.failure.startswith(f"The code in {packed} is not a readable .tar.gz")


def write_wheel(folder: Path) -> None:
    """A wheel of the package `needed`, which an archive's requirements.txt names."""
    info = "needed-1.0.dist-info"
    with zipfile.ZipFile(folder / "needed-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("needed.py", "NAME = 'installed'\n")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: needed\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


@pytest.mark.e2e
def test_requirements_are_installed_before_the_program_starts(base: Base, tmp_path: Path) -> None:
    write_wheel(tmp_path)
    files = {"train.py": "import needed; print(needed.NAME)", "requirements.txt": "needed==1.0\n"}
    packed = str(pack(base.root / "code.tar.gz", files))
    target = str(tmp_path / "installed")
    variables = {"PIP_NO_INDEX": "1", "PIP_TARGET": target, "PYTHONPATH": target}
    code, out, _ = run(base, packed, PIP_FIND_LINKS=str(tmp_path), **variables)
    assert (code, out.splitlines()[-1]) == (0, "installed")
    shutil.rmtree(target)
    assert run(base, packed, **variables)[0] == 1
    assert base.failure.startswith("pip could not install the packages of requirements.txt (exit code 1)")


def test_a_variable_and_the_sdk_may_name_the_same_program(base: Base) -> None:
    packed = str(pack(base.root / "code.tar.gz", FILES))
    assert run(base, packed, SAGEMAKER_PROGRAM="train.py")[0] == 0
    assert run(base, packed, "", SAGEMAKER_PROGRAM="train.py")[0] == 0
    assert run(base, packed, SAGEMAKER_PROGRAM="other.py")[:2] == (1, "")
    assert "Name one program." in base.failure


def test_the_folder_of_the_code_is_removed_at_the_end(base: Base, tmp_path: Path) -> None:
    packed = str(pack(base.root / "code.tar.gz", FILES))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    assert run(base, packed, TMPDIR=str(temporary))[0] == 0
    assert list(temporary.iterdir()) == []


SETUP = "from setuptools import setup\nsetup(name='project', version='1', packages=['project'])\n"


@pytest.mark.e2e
def test_the_failure_of_an_installed_project_has_no_frame_of_the_runner(base: Base, tmp_path: Path) -> None:
    files = {"setup.py": SETUP, "project/__init__.py": "", "project/train.py": "print(__name__)\nraise KeyError('w')\n"}
    packed = str(pack(base.root / "code.tar.gz", files))
    code, out, _ = run(base, packed, "project/train.py", PIP_TARGET=str(tmp_path / "installed"), PIP_NO_INDEX="1")
    assert (code, out.splitlines()[-1]) == (1, "__main__")
    reason, *calls = base.failure.splitlines()
    assert reason == "KeyError: 'w'"
    assert [call.endswith("project/train.py:2 in <module>") for call in calls] == [True]


@pytest.mark.e2e
def test_a_project_that_cannot_be_installed_is_refused(base: Base, tmp_path: Path) -> None:
    packed = str(pack(base.root / "code.tar.gz", {**FILES, "setup.py": "raise SystemExit(1)"}))
    assert run(base, packed, PIP_TARGET=str(tmp_path), PIP_NO_INDEX="1")[0] == 1
    assert base.failure.startswith("pip could not install the project of setup.py (exit code 1)")


@pytest.mark.parametrize("has_filters", [True, False])
def test_files_get_no_owner_and_no_special_permissions_also_with_an_old_python(
    has_filters: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_filters:
        monkeypatch.delattr(tarfile, "data_filter")
    member = special("run.sh", tarfile.REGTYPE)
    member.mode, member.uid, member.gid = 0o4777, 12345, 12345
    unpack(pack(tmp_path / "packed.tar.gz", {"train.py": ""}, member), tmp_path / "code", "s3://a/b")
    found = {path.name: path.stat() for path in (tmp_path / "code").iterdir()}
    assert {name: oct(stat.st_mode & 0o7777) for name, stat in found.items()} == {
        "run.sh": "0o755",
        "train.py": "0o644",
    }
    assert {(stat.st_uid, stat.st_gid) for stat in found.values()} == {(os.getuid(), os.getgid())}
