"""Reads the JSON of a Terraform plan into a Plan, which holds every value as it is, secrets included."""

from .contents import SAVED_PLAN, decoded
from .files import unreadable
from .plan import read

__all__ = ["SAVED_PLAN", "decoded", "read", "unreadable"]
