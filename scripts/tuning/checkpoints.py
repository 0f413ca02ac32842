"""Whether a program of one's own keeps the checkpoints of a tuning's training jobs apart.

All of them have one CheckpointConfig: trainyard/checkpoints/job_folder.py has the sources. The trainer and the package
trainyard use a folder for each job.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scripts.jobfile.spec import JobSpec

APART = ("trainyard", "TRAINING_JOB_NAME")
"""What a program names that keeps them apart."""
SUFFIXES = (".py", ".sh")


def read_code(spec: "JobSpec") -> str:
    """The text of a job's own program, and of the code beside it; empty for the trainer."""
    if spec.program is None:
        return ""
    program = Path(spec.code or "trainer") / spec.program
    files = sorted(path for path in program.parent.iterdir() if path.suffix in SUFFIXES and path.is_file())
    return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in files)


def checkpoint_note(spec: "JobSpec", code: str, uri: str) -> str | None:
    """The line that warns of a program whose jobs would resume from each other's checkpoints; None without need.

    Args:
        spec: the job file.
        code: the program's code.
        uri: where the checkpoints go.
    """
    if spec.program is None or not spec.checkpoints or "checkpoint" not in code.lower():
        return None
    if any(name in code for name in APART):
        return None
    return (
        f"Warning: all training jobs of the tuning keep checkpoints in {uri}, and {spec.program} does not keep its own "
        "apart: one could resume from another's. In the program, use the folder "
        'os.path.join("/opt/ml/checkpoints", os.environ["TRAINING_JOB_NAME"]), or set checkpoints = false.'
    )
