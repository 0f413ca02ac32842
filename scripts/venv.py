"""Makes .venv and installs one pinned requirements file into it.

Runs with whatever Python the Makefile names, before anything is installed: standard library only, and no syntax
that an old Python would stumble over before it is told, in two lines, that it is too old.
"""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time

OLDEST, NEWEST = (3, 11), (3, 13)  # what TensorFlow 2.21 and NumPy 2.4 both publish wheels for
PYTHON = os.path.join(".venv", "Scripts" if os.name == "nt" else "bin", "python")


def main(requirements):
    # type: (str) -> int
    """Install what ``requirements`` (a file with hashes) pins; gives the exit code."""
    problem = unsuitable(sys.version_info[:2], sys.platform, platform.machine())
    if problem:
        return fail(*problem)
    start = time.time()
    say("==> Python packages of %s" % requirements)
    if not os.path.exists(PYTHON) and subprocess.call([sys.executable, "-m", "venv", ".venv"]) != 0:
        return fail(
            "Python could not make a virtual environment in .venv.",
            "Install its venv module (on Debian and Ubuntu: `apt install python3-venv`) and try again.",
        )
    if not os.path.exists(uv_program()) and install_uv() != 0:
        return fail(
            "pip could not install uv, which installs the rest.",
            "Read pip's message above: most often there is no network, or a proxy is to be set for pip.",
        )
    # Compiled now, once: otherwise the first process of each kind does it, or, where Python may not write bytecode,
    # every one does (TensorFlow: 8 s to import and not 3).
    command = [uv_program(), "pip", "install", "--compile-bytecode", "--require-hashes", "--python", PYTHON]
    command += ["-r", requirements]
    if not sys.stderr.isatty():
        command.append("--quiet")  # its progress is for a terminal; without one it lists 100 packages
    if subprocess.call(command, env=uv_environment()) != 0:
        return fail(
            "The packages of %s could not be installed." % requirements,
            "Read uv's message above, mend its cause (network, disk space) and run the same command again.",
        )
    say("<== Python packages of %s: done in %.0f s" % (requirements, time.time() - start))
    return 0


def unsuitable(version, system, machine):
    # type: (tuple[int, int], str, str) -> tuple[str, str] | None
    """Why TensorFlow's wheels do not fit this Python, as (problem, fix); None where they do."""
    if not OLDEST <= version <= NEWEST:
        found = suitable_python()
        name = found or "/path/to/python3.12"
        return (
            "Python %d.%d has no TensorFlow 2.21 wheels; Python 3.11, 3.12 and 3.13 have." % version,
            ("Say which one to use: `make PYTHON=%s …`." if found else "Install one, then `make PYTHON=%s …`.") % name,
        )
    if system == "darwin" and machine == "x86_64":
        return (
            "TensorFlow 2.21 has no wheels for Macs with an Intel processor.",
            "Work on Linux (a container or a cloud workstation), or on a Mac with Apple silicon.",
        )
    return None


def suitable_python():
    # type: () -> str | None
    """A suitable Python on PATH that really starts (version managers leave stand-ins that do not)."""
    for minor in (12, 11, 13):
        path = shutil.which("python3.%d" % minor)
        if path and subprocess.call([path, "-c", ""], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0:
            return path
    return None


def install_uv():
    # type: () -> int
    """Let pip install uv alone, by the pin and the hashes that requirements.txt has for it."""
    with open("requirements.txt", encoding="utf-8") as file:
        lines = file.read().replace("\\\n", "").splitlines()
    pinned = next(line for line in lines if line.startswith("uv=="))
    with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False, encoding="utf-8") as only_uv:
        only_uv.write(pinned + "\n")
    try:
        options = ["--quiet", "--disable-pip-version-check", "--require-hashes"]
        return subprocess.call([PYTHON, "-m", "pip", "install", *options, "-r", only_uv.name])
    finally:
        os.unlink(only_uv.name)


def uv_program():
    # type: () -> str
    """Where uv is once it is installed."""
    return os.path.join(os.path.dirname(PYTHON), "uv.exe" if os.name == "nt" else "uv")


def uv_environment():
    # type: () -> dict[str, str]
    """This process's environment, with pip's own package index handed on: uv does not read pip's settings."""
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
    """Print to stderr: stdout belongs to the target that needs the packages, and may be read by a program."""
    print(text, file=sys.stderr, flush=True)


def fail(problem, fix):
    # type: (str, str) -> int
    """Print the two lines of a failure and give its exit code."""
    say("Error: %s\nFix:   %s" % (problem, fix))
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
