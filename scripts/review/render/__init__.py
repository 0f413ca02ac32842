"""Writes a Review for those who read it: a terminal, a pull request comment, a page, another program.

The public face: `terminal`, `markdown`, `html` and `data`. All of them take Reviews and nothing else, whose texts are
masked already; each one sees to it that no text from a plan does anything but be read where it is shown.
"""

from scripts.review.render.data import data
from scripts.review.render.html import html
from scripts.review.render.markdown import markdown
from scripts.review.render.terminal import terminal

__all__ = ["data", "html", "markdown", "terminal"]
