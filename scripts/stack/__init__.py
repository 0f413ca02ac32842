"""The stack: Terraform run through one wrapper, its outputs as a typed Stack.

The public face: `read_stack(environment)` gives the `Stack` that verbs build on. The flows of `make infra` and
`make destroy` are in `scripts.stack.flows`, the checks of `make lint` and `make test` in `scripts.stack.checks`.
"""

from scripts.stack.outputs import Stack
from scripts.stack.read import read_stack

__all__ = ["Stack", "read_stack"]
