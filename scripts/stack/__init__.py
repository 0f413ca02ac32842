"""The stack: Terraform, run through one wrapper, and its outputs as a typed `Stack`.

Commands start from `read_stack(environment)`, which returns the `Stack`. `make infra` and `make destroy` are in
`scripts.stack.flows`, the Terraform checks of `make lint` and `make test` in `scripts.stack.checks`.
"""

from scripts.stack.outputs import Stack
from scripts.stack.read import read_stack

__all__ = ["Stack", "read_stack"]
