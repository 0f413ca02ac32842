"""What every page of ours is: one file that needs no network, with a security policy that allows only its own parts.

base.html.j2 is the document, base.css its colours and its plainest elements. A page extends the template, and gives it
``css`` and ``script``. The policy names their hashes, so the browser runs and applies nothing else, neither a script
nor a style attribute: https://www.w3.org/TR/CSP3/
"""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from . import fragments

if TYPE_CHECKING:
    from jinja2 import Environment

_HERE = Path(__file__).parent


def environment(folder: Path = _HERE) -> "Environment":
    """Jinja's environment for the templates of a folder, which may extend base.html.j2. Every text is escaped."""
    import jinja2  # imported late, because most verbs write no page

    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, _HERE]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(name=fragments.name, prose=fragments.prose, headline=fragments.headline, hashed=_hashed)
    return made


@cache
def styles(path: Path) -> str:
    """The style sheet of a page: base.css, and after it the page's own file."""
    return (_HERE / "base.css").read_text(encoding="utf-8") + path.read_text(encoding="utf-8")


def _hashed(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
