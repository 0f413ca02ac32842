"""Faults on demand: the local cloud misbehaves as AWS and networks do, by rules that you give.

``rules`` reads the rules and ``names`` checks the names in them. ``operations`` finds out which call a request is,
``decision`` decides whether it gets a fault, and ``answers`` writes AWS's errors in each protocol. ``layer`` puts all
this around the server's application.
"""

from scripts.localcloud.faults.rules import Fault, Faults, Kind, Rule, parse

__all__ = ["Fault", "Faults", "Kind", "Rule", "parse"]
