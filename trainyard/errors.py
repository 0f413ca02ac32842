"""The error for every failure that the owner of the job can fix."""


class JobError(Exception):
    """A failure that the owner of the job can fix. Its text goes to the failure file, without a traceback.

    Args:
        problem: what is wrong, and where.
        fix: what to do; empty if that is obvious.
    """

    def __init__(self, problem: str, fix: str = "") -> None:
        super().__init__(f"{problem} {fix}".strip())
        self.problem = problem
        self.fix = fix
