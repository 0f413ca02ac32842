"""The local files that a job file names: the folders of its channels, and its program."""

from pathlib import Path
from typing import TYPE_CHECKING

from scripts.channels import LocalChannel, prefix_of
from scripts.core.errors import UserError, nearest

if TYPE_CHECKING:
    from scripts.jobfile.spec import JobSpec

TRAINER = Path("trainer")


def local_channels(spec_name: str, spec: "JobSpec") -> list[LocalChannel]:
    """The channels of a job whose source is a local folder."""
    return [
        LocalChannel(
            name, channel.folder, f"channels.{name}.source of jobs/{spec_name}.toml", prefix_of(spec_name, name)
        )
        for name, channel in spec.channels.items()
        if channel.folder is not None
    ]


def check_program(program: str, code: str | None = None) -> None:
    """Check that the program exists in the folder from where the image gets it.

    Args:
        program: its path in that folder.
        code: the folder; None for trainer/.

    Raises:
        UserError: it does not exist.
    """
    folder = TRAINER if code is None else Path(code)
    if (folder / program).is_file() and ".." not in Path(program).parts:
        return
    if folder == TRAINER and program.startswith(f"{TRAINER}/") and Path(program).is_file():
        raise UserError(
            f'The job file names the program "{program}", but the folder {TRAINER}/ is not part of a program\'s name.',
            f'Write program = "{Path(program).relative_to(TRAINER).as_posix()}".',
        )
    close = nearest(program, [path.relative_to(folder).as_posix() for path in folder.rglob("*.py")])
    hint = f"Did you mean {close}?" if close else f"Put the program into {folder}/."
    raise UserError(f"The program {folder / program} does not exist.", hint)
