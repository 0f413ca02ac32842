"""Creates .venv and installs one file of pinned requirements into it.

The Makefile starts it with the Python that you choose, before any package is installed. So it imports only the standard
library. An old Python must be able to read its syntax, to report that it is too old.
"""

import glob
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time

OLDEST, NEWEST = (3, 11), (3, 13)  # TensorFlow 2.21 and NumPy 2.4 both have wheels for these
PYTHON = os.path.join(".venv", "Scripts" if os.name == "nt" else "bin", "python")

# Large folders of the wheels that only other developers need: the headers for compiling TensorFlow operations in C++
# (290 MB), and the tests of SciPy and scikit-learn (50 MB).
UNUSED = ("tensorflow/include", "scipy/**/tests", "sklearn/**/tests")

# pip prints this for each local package index that lacks the package. It then tries the next index.
NO_SUCH_FOLDER = re.compile(r"WARNING: Location '.*' is ignored: it is neither a file nor a directory\.\s*")


def main(requirements):
    # type: (str) -> int
    """Install the pins of ``requirements``, a file with hashes. Return the exit code."""
    problem = unsuitable(sys.version_info[:2], sys.platform, platform.machine())
    if problem:
        return fail(*problem)
    start = time.time()
    say("==> Python packages of %s" % requirements)
    if not os.path.exists(PYTHON) and subprocess.call([sys.executable, "-m", "venv", ".venv"]) != 0:
        return fail(
            "Python could not create a virtual environment in .venv.",
            "Install its venv module (on Debian and Ubuntu: `apt install python3-venv`) and try again.",
        )
    if not os.path.exists(uv_program()) and install_uv() != 0:
        return fail(
            "pip could not install uv, which installs the other packages.",
            "Read pip's message above. Most often there is no network, or pip needs the address of a proxy.",
        )
    # Compile the bytecode once, here. Otherwise the first process compiles it, or, if Python may not write bytecode,
    # every process does: importing TensorFlow then takes 8 s instead of 3 s.
    command = [uv_program(), "pip", "install", "--compile-bytecode", "--require-hashes", "--python", PYTHON]
    command += ["-r", requirements]
    if not sys.stderr.isatty():
        command.append("--quiet")  # uv's progress bars need a terminal; without one uv lists 100 packages
    if subprocess.call(command, env=uv_environment()) != 0:
        return fail(
            "uv could not install the packages of %s." % requirements,
            "Read uv's message above, fix the cause (network, disk space) and run the same command again.",
        )
    delete_unused()
    say("<== Python packages of %s: done in %.0f s" % (requirements, time.time() - start))
    return 0


def unsuitable(version, system, machine):
    # type: (tuple[int, int], str, str) -> tuple[str, str] | None
    """Return (problem, fix) if TensorFlow has no wheels for this Python, else None."""
    if not OLDEST <= version <= NEWEST:
        found = suitable_python()
        name = found or "/path/to/python3.12"
        return (
            "Python %d.%d has no TensorFlow 2.21 wheels; Python 3.11, 3.12 and 3.13 have." % version,
            ("Choose another one: `make PYTHON=%s …`." if found else "Install one, then `make PYTHON=%s …`.") % name,
        )
    if system == "darwin" and machine == "x86_64":
        return (
            "TensorFlow 2.21 has no wheels for Macs with an Intel processor.",
            "Work on Linux (a container or a cloud workstation), or on a Mac with Apple silicon.",
        )
    return None


def suitable_python():
    # type: () -> str | None
    """Return a suitable Python on PATH that starts; version managers also have stand-ins that do not start."""
    for minor in (12, 11, 13):
        path = shutil.which("python3.%d" % minor)
        if path and subprocess.call([path, "-c", ""], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0:
            return path
    return None


def install_uv():
    # type: () -> int
    """Let pip install uv, with its pin and hashes from requirements-aws.txt. Return pip's exit code."""
    with open("requirements-aws.txt", encoding="utf-8") as file:
        lines = file.read().replace("\\\n", "").splitlines()
    pinned = next(line for line in lines if line.startswith("uv=="))
    with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False, encoding="utf-8") as only_uv:
        only_uv.write(pinned + "\n")
    try:
        options = ["--quiet", "--disable-pip-version-check", "--require-hashes"]
        return run_pip([PYTHON, "-m", "pip", "install", *options, "-r", only_uv.name])
    finally:
        os.unlink(only_uv.name)


def run_pip(command):
    # type: (list[str]) -> int
    """Run pip and print its messages. Print its warnings about missing folders only if it fails."""
    missing = []
    with subprocess.Popen(command, stderr=subprocess.PIPE) as pip:
        for line in pip.stderr or ():
            text = line.decode("utf-8", "replace").rstrip()
            if NO_SUCH_FOLDER.fullmatch(text):
                missing.append(text)
            else:
                say(text)
    if pip.returncode != 0:
        for text in missing:
            say(text)
    return pip.returncode


def delete_unused():
    # type: () -> None
    """Delete the folders of UNUSED from .venv."""
    packages = (
        os.path.join("Lib", "site-packages") if os.name == "nt" else os.path.join("lib", "python*", "site-packages")
    )
    for pattern in UNUSED:
        for folder in glob.glob(os.path.join(".venv", packages, pattern), recursive=True):
            shutil.rmtree(folder, ignore_errors=True)


def uv_program():
    # type: () -> str
    """Return the path of uv in .venv."""
    return os.path.join(os.path.dirname(PYTHON), "uv.exe" if os.name == "nt" else "uv")


def uv_environment():
    # type: () -> dict[str, str]
    """Return this process's environment and add pip's package index: uv does not read pip's settings."""
    environment = dict(os.environ)
    index = subprocess.run(
        [PYTHON, "-m", "pip", "config", "get", "global.index-url"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    chosen = os.environ.get("PIP_INDEX_URL") or index.stdout.decode().strip()
    if chosen:
        environment.setdefault("UV_DEFAULT_INDEX", chosen)
    return environment


def say(text):
    # type: (str) -> None
    """Print to stderr, because a program may read the stdout of the make target that needs the packages."""
    print(text, file=sys.stderr, flush=True)


def fail(problem, fix):
    # type: (str, str) -> int
    """Print the two lines of an error. Return its exit code."""
    say("Error: %s\nFix:   %s" % (problem, fix))
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
