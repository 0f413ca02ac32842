"""Reads the JSON of a Terraform plan into a Plan, which holds every value as it is, secrets included."""

from .plan import read

__all__ = ["read"]
