"""The reports of all derivatives in a call of a solver."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from autograd_ref.report.data import Note, Verdict
from autograd_ref.report.report import Report
from autograd_ref.report.words import agree, are, listed, printable, wrapped


@dataclass(frozen=True)
class ScipyReport(Mapping[str, Report]):
    """The reports of `check_scipy`, by the names of the derivatives; print it, or read them.

    Attributes:
        reports: by "jac", "hess", "hessp", "constraints[0].jac", or as the solver calls them.
        not_checked: the derivatives that are not checked, and why.

    Examples:
        >>> from scipy.optimize import rosen, rosen_der, rosen_hess
        >>> from autograd_ref import check_scipy
        >>> report = check_scipy(rosen, [1.3, 0.7], jac=rosen_der, hess=rosen_hess)
        >>> report
        <ScipyReport: Match: jac and hess agree.>
        >>> report["hess"].blocks[0].shape
        (2, 2)
    """

    reports: Mapping[str, Report]
    not_checked: tuple[Note, ...] = ()

    def __getitem__(self, name: str) -> Report:
        """Return the report of one derivative."""
        return self.reports[name]

    def __iter__(self) -> Iterator[str]:
        """Return the names of what was checked, in that order."""
        return iter(self.reports)

    def __len__(self) -> int:
        """Return the number of derivatives that were checked."""
        return len(self.reports)

    @property
    def verdict(self) -> Verdict:
        """A mismatch where there is one; else inconclusive where one is; else match."""
        found = {report.verdict for report in self.reports.values()}
        order: tuple[Verdict, ...] = ("mismatch", "inconclusive", "match")
        return next(verdict for verdict in order if verdict in found)

    @property
    def passed(self) -> bool:
        """True where every report has passed."""
        return all(report.passed for report in self.reports.values())

    def __str__(self) -> str:
        """Return the verdict, and every report under its name, in 80 columns."""
        parts = [wrapped(self._sentence())]
        for name, report in self.reports.items():
            parts += [f"==== {printable(name)} ====", str(report)]
        said = "; ".join(note.text for note in self.not_checked)
        return "\n\n".join([*parts, *([wrapped(f"Not checked: {said}.", "    ")] if said else [])])

    def __repr__(self) -> str:
        """Return the verdict in one line."""
        return f"<{type(self).__name__}: {self._sentence()}>"

    def _sentence(self) -> str:
        names = {
            verdict: [name for name, one in self.reports.items() if one.verdict == verdict]
            for verdict in ("mismatch", "inconclusive", "match")
        }
        said = [
            *([f"{are(names['mismatch'])} wrong"] if names["mismatch"] else []),
            *([f"{listed(open_)} cannot be decided"] if (open_ := names["inconclusive"]) else []),
            *([agree(names["match"])] if names["match"] else []),
        ]
        harmful = [name for name, one in self.reports.items() if one.harmful]
        does = f" Not passed: see the finding about {listed(harmful)}." if harmful else ""
        return f"{self.verdict.capitalize()}: {'; '.join(said)}.{does}"
