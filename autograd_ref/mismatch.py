"""The error of an assertion about derivatives."""

from autograd_ref.report.report import Report


class GradientMismatch(AssertionError):
    """The error that `assert_gradients_match` raises; its text is the report.

    Attributes:
        report: the report itself: a mismatch, inconclusive, or a finding that does harm. Where
            several derivatives were checked, the first such one; the text has all of them.

    Examples:
        >>> import numpy as np
        >>> from autograd_ref import assert_gradients_match
        >>> try:
        ...     assert_gradients_match(lambda x: x, np.ones(3), loss=lambda x: (x**2).sum())
        ... except GradientMismatch as error:
        ...     print([cause.kind for cause in error.report.causes])
        ['half']
    """

    def __init__(self, report: Report, text: str = "") -> None:
        super().__init__(text or str(report))
        self.report = report

    def __reduce__(self) -> tuple[type["GradientMismatch"], tuple[Report, str]]:
        return GradientMismatch, (self.report, str(self))
