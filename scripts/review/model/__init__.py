"""Plain data classes for plans and reviews. Nothing here reads, checks or renders.

    plan JSON ──reading──▶ Plan ──┬─ rules ────────▶ Finding ──────────┐
                                  ├─ permissions ──▶ PrincipalChange ──┼──review──▶ Review ──▶ render
                                  └─ differences ──▶ ChangeView ───────┘

A Plan contains the values as they are, secrets included. A Review contains only masked texts, so the renderers cannot
leak a secret: every text of the plan in it is a `Shown`.
"""

from .plan import (
    Action,
    ActionInvocation,
    Change,
    FailedCheck,
    OutputChange,
    Path,
    Plan,
    Program,
    UnknownMember,
)
from .reviewed import (
    NOTHING,
    ChangeView,
    Difference,
    Finding,
    Permission,
    PrincipalChange,
    Review,
    Severity,
    Shown,
    Status,
    SuppressedFinding,
)

__all__ = [
    "NOTHING",
    "Action",
    "ActionInvocation",
    "Change",
    "ChangeView",
    "Difference",
    "FailedCheck",
    "Finding",
    "OutputChange",
    "Path",
    "Permission",
    "Plan",
    "PrincipalChange",
    "Program",
    "Review",
    "Severity",
    "Shown",
    "Status",
    "SuppressedFinding",
    "UnknownMember",
]
