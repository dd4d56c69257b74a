"""One submission with its outcome and its points, and what is counted over all of them."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from autograd_ref.commands.grade.grading import Grading
from autograd_ref.commands.grade.outcome import Outcome, report_of
from autograd_ref.commands.grade.scoring import Score
from autograd_ref.commands.grade.submissions import Submission, content_of
from autograd_ref.report.data import Verdict, overall
from autograd_ref.versions import installed

RIGHT, UNKNOWN = "right", "a mistake without a name"
NOT_RUN, MARKED = "not checked", "no points, by a mark"


class Graded(NamedTuple):
    """One submission, what is known of it, and what it gets."""

    submission: Submission
    outcome: Outcome
    score: Score

    @property
    def verdict(self) -> Verdict | None:
        """The verdict over all blocks, and the loss; None where nothing was checked."""
        said = self.outcome.verdicts.values()
        return overall(v for v in VERDICTS if v in said) if said else None


VERDICTS: tuple[Verdict, ...] = ("match", "mismatch", "inconclusive")


def key_of(submission: Submission, grading: Grading) -> str:
    """A word that is the same where the outcome would be: same content, grading and program."""
    adapter = grading.adapter.partition(":")[0]
    parts = (
        submission.content,
        grading.text,
        content_of(grading.folder / adapter) if adapter else "",
        *(f"{name} {found}" for name, found in installed("backprop-crosscheck", "torch").items()),
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def mistake_of(one: Graded) -> str:
    """The mistake of a submission in a few fixed words."""
    report = report_of(one.outcome)
    if one.score.zeroed:
        return MARKED
    if report is None:
        return NOT_RUN
    if one.verdict == "mismatch":
        return report.causes[0].kind if report.causes else UNKNOWN
    return RIGHT if one.verdict == "match" and not one.outcome.harmful else harm_of(one)


def harm_of(one: Graded) -> str:
    """The harmful findings about a submission whose gradient is not wrong."""
    return one.outcome.harmful[0] if one.outcome.harmful else "cannot be decided"


def mistakes(all_: Sequence[Graded]) -> list[tuple[str, int]]:
    """How many submissions made which mistake, the most frequent first."""
    return Counter(map(mistake_of, all_)).most_common()
