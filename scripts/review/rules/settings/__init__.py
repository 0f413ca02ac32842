"""Rules for settings of many services, most of them rows of a table."""

from . import exposure, several_values, sharing, transport, watching

__all__ = ["exposure", "several_values", "sharing", "transport", "watching"]
