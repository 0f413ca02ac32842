"""Renders a Review for a terminal, a pull request comment, a web page or another program.

The public functions are `terminal`, `markdown`, `html`, `data` and `sarif`. They take only Reviews, whose texts are
already masked. Each one escapes the texts from a plan, so that they are only displayed and never interpreted.
"""

from .data import data
from .html import html
from .markdown import markdown
from .sarif import sarif
from .terminal import terminal

__all__ = ["data", "html", "markdown", "sarif", "terminal"]
