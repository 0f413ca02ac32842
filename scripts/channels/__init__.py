"""Uploads a local folder to its prefix in the data bucket.

Only changed files are uploaded, S3 verifies each of them, and nothing is deleted before you confirm.
"""

from scripts.channels.listed import Manifest, path_problem
from scripts.channels.remote import prefix_of
from scripts.channels.sync import LocalChannel, check, synchronise
from scripts.channels.versions import changed_since

__all__ = ["LocalChannel", "Manifest", "changed_since", "check", "path_problem", "prefix_of", "synchronise"]
