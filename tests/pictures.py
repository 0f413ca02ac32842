"""Make the README's two pictures again: `python -m tests.pictures`, six minutes.

docs/pictures/demo.svg is a terminal of 100 columns at the end of a real `make demo`. docs/pictures/review.png is the
top of a real review page: a careless change of the stack, planned by `make plan`. Both run in a copy of the repository.
"""

import fcntl
import io
import os
import pty
import shutil
import struct
import sys
import tempfile
import termios
from pathlib import Path

from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from scripts.core.progress import ERASE
from tests.browser.conftest import ARGUMENTS
from tests.conftest import ROOT, Project

PICTURES = ROOT / "docs" / "pictures"
DEMO, REVIEW = PICTURES / "demo.svg", PICTURES / "review.png"
COLUMNS, ROWS = 100, 60
WIDTH = 1280
CARELESS = {
    "terraform/modules/buckets/main.tf": ("= var.models_name", '= "${var.models_name}-v2"'),
    "terraform/modules/training_role/main.tf": ('["${var.models_bucket_arn}/*"]', '["*"]'),
}
"""What the reviewed change replaces: it renames a bucket that holds models, and lets the job write to any bucket."""

THEME = TerminalTheme(
    (13, 17, 23),
    (230, 237, 243),
    [(72, 79, 88), (255, 123, 114), (63, 185, 80), (210, 153, 34), (88, 166, 255), (188, 140, 255), (57, 197, 207),
     (177, 186, 196)],
)  # fmt: skip

# Rich's own format loads a font from the network.
SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="make demo in a terminal">
<style>
.{unique_id}-matrix {{
  font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px;
}}
.{unique_id}-title {{ font-family: system-ui, sans-serif; font-size: 18px; font-weight: bold; }}
{styles}
</style>
<defs>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def main() -> None:
    """Run the demo and the plan, and make the pictures."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder) / "trainyard", environment={})
        project.make("cloud-status", code=None)  # installs the Python packages first, if they are out of date
        screen = typed(project, "make", "demo")
        DEMO.write_text(svg(screen))
        photograph(careless_plan(project), REVIEW)
    for path in (DEMO, REVIEW):
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")


def careless_plan(project: Project) -> Path:
    """Apply the stack, change it, and plan; gives the review's page."""
    project.make("cloud-up")
    try:
        project.make("infra", "CLOUD=local", "YES=1")
        for name, (before, after) in CARELESS.items():
            file = project.folder / name
            text = file.read_text()
            if text.count(before) != 1:
                sys.exit(f"{name} has no single {before!r} any more; adapt CARELESS.")
            file.write_text(text.replace(before, after))
        project.make("plan", "CLOUD=local")
    finally:
        project.make("cloud-down")
    return project.folder / "build/local-local/plan/review.html"


def typed(project: Project, *command: str) -> list[str]:
    """Run a command at a terminal; gives the lines on its screen at the end, with their colours."""
    program, terminal = pty.fork()
    if program == 0:
        os.chdir(project.folder)
        os.execvpe(command[0], command, {**project.environment, "TERM": "xterm-256color"})  # noqa: S606
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    output = bytearray()
    try:
        while part := os.read(terminal, 65536):
            output += part
            sys.stdout.buffer.write(part)
            sys.stdout.flush()
    except OSError:  # the program has ended, and closed the terminal
        pass
    _, status = os.waitpid(program, 0)
    if status != 0:
        sys.exit(f"{' '.join(command)} failed.")
    return [line.rpartition(ERASE)[2] for line in output.decode().replace("\r\n", "\n").split("\n")[:-1]]


def svg(screen: list[str]) -> str:
    """The screen as an SVG image, below the command that was typed."""
    console = Console(width=COLUMNS, record=True, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi("\n".join(["\x1b[1m$ make demo\x1b[0m", *screen])))
    return console.export_svg(title="make demo", theme=THEME, code_format=SVG, unique_id="demo")


def photograph(page: Path, picture: Path) -> None:
    """The top of a review page, down to its first finding, as a PNG image."""
    with sync_playwright() as playwright:
        program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        shown = browser.new_page(viewport={"width": WIDTH, "height": 1000}, color_scheme="light")
        shown.goto(page.as_uri())
        finding = shown.locator(".finding").first.bounding_box()
        if finding is None:
            sys.exit("The review has no finding to show.")
        bottom = finding["y"] + finding["height"] + 12
        shown.screenshot(path=picture, clip={"x": 0, "y": 0, "width": WIDTH, "height": bottom})
        browser.close()


if __name__ == "__main__":
    main()
