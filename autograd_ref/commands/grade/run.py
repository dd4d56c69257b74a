"""`crosscheck grade`: the order of events."""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

from autograd_ref.commands.grade.graded import Graded, key_of
from autograd_ref.commands.grade.grading import Grading
from autograd_ref.commands.grade.outcome import Outcome
from autograd_ref.commands.grade.results.folder import kept_outcome, write_all, write_one
from autograd_ref.commands.grade.results.records import as_json
from autograd_ref.commands.grade.results.table import as_text
from autograd_ref.commands.grade.scoring import scored
from autograd_ref.commands.grade.submissions import Submission, copied, submissions_in
from autograd_ref.commands.options import INTERRUPTED, Unusable
from autograd_ref.commands.output import say, write_results
from autograd_ref.commands.paragraphs import printed
from autograd_ref.commands.progress import progress

Check = Callable[..., Outcome]


def run(chosen: argparse.Namespace, grading: Grading) -> int:
    """Grade, show, and return the exit status."""
    folder = Path(chosen.folder)
    output = None if chosen.output is None else Path(chosen.output)
    submissions = submissions_in(folder)
    keys = {one.name: key_of(one, grading) for one in submissions}
    found: dict[str, Graded] = {}
    for one in submissions if chosen.resume else ():
        kept = output and kept_outcome(output, one, keys[one.name])
        if kept:
            found[one.name] = Graded(one, kept, scored(kept, grading))
    waiting = [one for one in submissions if one.name not in found]

    def done(submission: Submission, outcome: Outcome) -> None:
        one = Graded(submission, outcome, scored(outcome, grading))
        found[submission.name] = one
        if output is not None:
            write_one(output, one, grading, keys[submission.name])

    protected = _protected(chosen, folder, output)
    status = _graded(waiting, partial(_judged, grading, protected), chosen.workers, done)
    results = [found[one.name] for one in submissions if one.name in found]
    left = len(submissions) - len(results)
    if output is not None and results:
        write_all(output, results, left)
    files = {chosen.json: partial(as_json, results, left)}
    write_results(printed(as_text, results, left), files)
    return status


def _graded(
    waiting: list[Submission],
    judged: Callable[[Submission, Check], Outcome],
    workers: int,
    done: Callable[[Submission, Outcome], None],
) -> int:
    """Grade behind a progress bar; the exit status."""
    if not waiting:
        return 0
    # loaded here, once for all: the submissions' processes are forked from this one
    from autograd_ref.commands.grade.checking import check_submission
    from autograd_ref.commands.grade.isolation.kernel import landlock_version
    from autograd_ref.commands.grade.isolation.processes import not_limited
    from autograd_ref.commands.grade.pool import outcomes

    open_ = not_limited(landlock_version())
    say(f"crosscheck: not limited on this machine: {open_}\n" if open_ else "")
    bar = progress(threaded=False)  # a thread would be forked in the middle of what it does
    task = bar.add_task("submissions", total=len(waiting))
    try:
        with bar:
            for submission, outcome in outcomes(
                waiting, lambda one: judged(one, check_submission), workers, bar.refresh
            ):
                done(submission, outcome)
                bar.update(task, advance=1)
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _judged(
    grading: Grading, protected: tuple[Path, ...], submission: Submission, check: Check
) -> Outcome:
    """The outcome of one submission; runs in a process of its own."""
    from autograd_ref.commands.grade.isolation.watched import watched

    copy = partial(copied, submission, grading)
    try:
        return watched(
            copy, lambda file, meter: check(file, grading, meter), grading.limits, protected
        )
    except Unusable as error:
        return Outcome(error=str(error))
    except OSError as error:
        return Outcome(error=f"cannot be copied: {error}")


def _protected(chosen: argparse.Namespace, folder: Path, output: Path | None) -> tuple[Path, ...]:
    """Paths that a submission may not read: the others, the grading, and the results."""
    files = [folder, output, None if chosen.grading is None else Path(chosen.grading)]
    return tuple(file.resolve() for file in files if file is not None)
