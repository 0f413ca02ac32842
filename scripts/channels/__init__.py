"""A local folder to its prefix in the data bucket: only what changed, verified, and nothing deleted unasked."""

from scripts.channels.remote import prefix_of
from scripts.channels.sync import LocalChannel, check, synchronise
from scripts.channels.versions import changed_since

__all__ = ["LocalChannel", "changed_since", "check", "prefix_of", "synchronise"]
