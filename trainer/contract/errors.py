"""The one way to fail for a reason that the job's owner can mend."""


class JobError(Exception):
    """A reason for failing that the job's owner can mend: written to the failure file as it is, no traceback.

    Args:
        problem: what is wrong, with its place.
        fix: what to do, where that is not plain.
    """

    def __init__(self, problem: str, fix: str = "") -> None:
        super().__init__(f"{problem} {fix}".strip())
        self.problem = problem
        self.fix = fix
