"""Downloads the packages of a project's requirements.txt on this machine, for the Python of its base image.

pip runs here, with your own configuration: private indexes and their passwords work, and none of them reaches the
image. The image installs the files without an index. What the base image has already in a fitting version stays.

https://pip.pypa.io/en/stable/reference/installation-report/
"""

import importlib.util
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.container import engine
from scripts.core.errors import UserError
from scripts.core.texts import read_text

REQUIREMENTS = "requirements.txt"
PINS = "pins.txt"
# The newest platform tags with a name of their own; since then the tag has glibc's version.
# https://peps.python.org/pep-0600/
NAMED_PLATFORMS = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}
OLDEST_GLIBC = 5
DESCRIBE = """
import json, platform, sys
from importlib import metadata
packages = {one.metadata["Name"]: one.version for one in metadata.distributions()}
print(json.dumps({"python": sys.version_info[:2], "glibc": platform.libc_ver()[1], "packages": packages}))
"""
PASSWORD = re.compile(r"(?<=://)[^/@\s]+@")
NO_WHEEL = re.compile(r"No matching distribution found for ([A-Za-z0-9._-]+)")


@dataclass(frozen=True)
class Interpreter:
    """The Python of an image.

    Args:
        version: such as (3, 12).
        glibc: the minor version of its C library, such as 36.
        packages: the version of each installed package.
    """

    version: tuple[int, int]
    glibc: int
    packages: Mapping[str, str]

    def has(self, name: str, version: str) -> bool:
        """Whether a package is installed in this version."""
        return {normal(each): number for each, number in self.packages.items()}.get(normal(name)) == version

    def flags(self) -> list[str]:
        """Pip's options that select files for this Python."""
        tag = f"cp{self.version[0]}{self.version[1]}"
        platforms = [f"manylinux_2_{minor}_x86_64" for minor in range(self.glibc, OLDEST_GLIBC - 1, -1)]
        platforms += [f"{name}_x86_64" for minor, name in NAMED_PLATFORMS.items() if minor <= self.glibc]
        return [
            *("--only-binary=:all:", "--implementation=cp", f"--python-version={self.version[0]}.{self.version[1]}"),
            *(f"--abi={abi}" for abi in (tag, "abi3", "none")),
            *(f"--platform={platform}" for platform in [*platforms, "linux_x86_64"]),
        ]


def describe(image: str) -> Interpreter:
    """Ask an image on this machine for its Python.

    Raises:
        UserError: its Python does not run.
    """
    with engine.explain_errors():
        output = engine.connect().containers.run(
            image, ["-c", DESCRIBE], entrypoint="python", network_mode="none", remove=True, platform=engine.PLATFORM
        )
    found = json.loads(output)
    major, minor = found["python"]
    return Interpreter((major, minor), int(found["glibc"].split(".")[1]), found["packages"])


def download(requirements: Path, python: Interpreter, folder: Path, say: Callable[[str], None]) -> None:
    """Download what a requirements.txt asks for, besides what the image has.

    Args:
        requirements: the file.
        python: the image's.
        folder: an empty folder; it gets the files and pins.txt, which names exactly these.
        say: prints progress.

    Raises:
        UserError: pip finds no files for this Python, the requirements contradict each other, or the file is not UTF-8.
    """
    wanted, sources = _resolve(requirements, python, say)
    pins = [f"{name}=={version}" for name, version in wanted.items() if not python.has(name, version)]
    if pins:
        have = "" if len(pins) == len(wanted) else f" of {len(wanted)}; the base image has the others"
        say(f"Downloading {len(pins)} package{'s' * (len(pins) != 1)}{have}.")
        _check(_pip("download", "--no-deps", *python.flags(), f"--dest={folder}", *pins))
    for source in sources:
        say(f"No wheel fits {source}: it is built in the image, from its source.")
        # pip reads a source's metadata by building a part of it. Where setuptools is here, it need not be downloaded.
        isolation = ["--no-build-isolation"] if importlib.util.find_spec("setuptools") else []
        _check(_pip("download", "--no-deps", "--no-binary=:all:", *isolation, f"--dest={folder}", source))
    (folder / PINS).write_text("".join(f"{pin}\n" for pin in [*pins, *sources]), encoding="utf-8")


def _resolve(requirements: Path, python: Interpreter, say: Callable[[str], None]) -> tuple[dict[str, str], list[str]]:
    """The version of each package, and the requirements for which there is only a source."""
    lines, sources = read_text(requirements).splitlines(), list[str]()
    constraints = [f"{name}=={version}" for name, version in python.packages.items()]
    while True:
        kept = [line for line in lines if line not in sources]
        found = _report(requirements, kept if sources else None, constraints, python)
        if not isinstance(found, str):
            return found, sources
        without_wheel = NO_WHEEL.search(found)
        name = normal(without_wheel[1]) if without_wheel else ""
        source = next((line for line in kept if name and normal(line).split("==")[0].strip() == name), None)
        if source:
            sources.append(source)
        elif constraints and not without_wheel:
            say(f"{requirements.name} asks for other versions than the base image has: these replace them.")
            constraints = []
        else:
            raise _refusal(found)


def _report(
    requirements: Path, lines: Sequence[str] | None, constraints: Sequence[str], python: Interpreter
) -> dict[str, str] | str:
    """The version of each package that pip would install, or pip's error.

    Args:
        requirements: the file.
        lines: these lines of it; None for the file itself, which may name other files.
        constraints: the versions to keep.
        python: the image's.
    """
    with tempfile.TemporaryDirectory() as scratch:
        report, constraint, part = (Path(scratch) / name for name in ("report.json", "constraints.txt", REQUIREMENTS))
        constraint.write_text("\n".join(constraints), encoding="utf-8")
        if lines is not None:
            part.write_text("\n".join(lines), encoding="utf-8")
        ended = _pip(
            *("install", "--dry-run", "--ignore-installed", f"--report={report}", f"--target={scratch}/none"),
            *python.flags(),
            *(f"--requirement={requirements if lines is None else part}", f"--constraint={constraint}"),
        )
        if ended.returncode != 0:
            return ended.stderr
        installed: list[dict[str, Any]] = json.loads(report.read_text(encoding="utf-8"))["install"]
    for one in installed:
        if one["is_direct"]:
            name = one["metadata"]["name"]
            return f"ERROR: {name} is named by an address or a folder; name a version of an index"
    return {one["metadata"]["name"]: one["metadata"]["version"] for one in installed}


def _pip(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "pip", *arguments, "--quiet", "--disable-pip-version-check", "--no-input"]
    return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)


def _check(ended: "subprocess.CompletedProcess[str]") -> None:
    if ended.returncode != 0:
        raise _refusal(ended.stderr)


def _refusal(message: str) -> UserError:
    """The two lines for what pip printed: its last error, without the passwords of addresses."""
    errors = [line.removeprefix("ERROR: ") for line in message.splitlines() if line.startswith("ERROR: ")]
    last = PASSWORD.sub("****@", errors[-1] if errors else message.strip() or "no message")
    return UserError(
        f"The packages of {REQUIREMENTS} cannot be downloaded: {last}",
        f"Correct {REQUIREMENTS}, or pip's configuration (`pip config list`).",
    )


def normal(name: str) -> str:
    """A package's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
