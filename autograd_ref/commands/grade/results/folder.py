"""The folder of the results: each file whole or not at all, and outcomes that --resume takes up.

grades.csv  grades.json  mistakes.png  mistakes.svg
NAME/results.json  NAME/page.html      of every submission
NAME/outcome.json                      what is known of it, for --resume
"""

import json
from collections.abc import Sequence
from pathlib import Path

from autograd_ref.commands.grade.graded import Graded, mistakes
from autograd_ref.commands.grade.grading import Grading
from autograd_ref.commands.grade.outcome import Outcome, as_line, outcome_in
from autograd_ref.commands.grade.results.page import as_page
from autograd_ref.commands.grade.results.records import as_csv, as_gradescope, as_json
from autograd_ref.commands.grade.submissions import Submission
from autograd_ref.commands.options import Unusable
from autograd_ref.commands.output import write_bytes

OUTCOME = "outcome.json"


def write_one(folder: Path, one: Graded, grading: Grading, key: str) -> None:
    """Write the files of one submission, its outcome last.

    Raises:
        Unusable: one of them cannot be written.
    """
    place = folder / one.submission.name
    kept = json.dumps({"key": key, "outcome": as_line(one.outcome)})
    _write(place / "results.json", as_gradescope(one, grading).encode())
    _write(place / "page.html", as_page(one, grading).encode("utf-8", "backslashreplace"))
    _write(place / OUTCOME, kept.encode())


def write_all(folder: Path, all_: Sequence[Graded], left: int) -> None:
    """Write what is about all submissions together.

    Raises:
        Unusable: a file cannot be written.
    """
    _write(folder / "grades.csv", as_csv(all_).encode("utf-8", "backslashreplace"))
    _write(folder / "grades.json", as_json(all_, left).encode())
    # loaded here: without a folder, nothing is drawn
    from autograd_ref.commands.grade.results.figures import of_mistakes
    from autograd_ref.commands.train.figures import as_bytes

    drawn = of_mistakes(mistakes(all_))
    for kind in ("png", "svg"):
        _write(folder / f"mistakes.{kind}", as_bytes(drawn, kind))


def kept_outcome(folder: Path, submission: Submission, key: str) -> Outcome | None:
    """The outcome of an earlier run, where content, grading and program are the same."""
    try:
        found = json.loads((folder / submission.name / OUTCOME).read_text(encoding="utf-8"))
        return outcome_in(found["outcome"]) if found["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, content)
    except OSError as error:
        raise Unusable(f"cannot write {path}: {error.strerror}") from None
