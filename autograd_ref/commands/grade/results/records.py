"""The grades for other programs: CSV, JSON, and the results.json that Gradescope reads."""

import csv
import io
import json
from collections.abc import Sequence

from autograd_ref.commands.grade.graded import Graded, mistake_of, mistakes
from autograd_ref.commands.grade.grading import Grading
from autograd_ref.commands.grade.outcome import as_plain
from autograd_ref.commands.grade.results.table import said_of
from autograd_ref.commands.grade.scoring import Part

SCHEMA = 1
UNSAFE = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that begins with one of these for a formula."""


def as_csv(all_: Sequence[Graded]) -> str:
    """A row a submission: its name, its points, each part, and what was wrong."""
    names = [part.name for part in all_[0].score.parts]
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["submission", "points", "most", *names, "mistake", "said", "marks", "seconds"])
    for one in all_:
        score = one.score
        writer.writerow(
            [
                _cell(one.submission.name),
                round(score.points, 6),
                score.most,
                *(round(part.points, 6) for part in score.parts),
                _cell(mistake_of(one)),
                _cell(said_of(one)),
                _cell(", ".join(mark.kind for mark in one.outcome.marks)),
                round(one.outcome.seconds, 2),
            ]
        )
    return file.getvalue()


def as_json(all_: Sequence[Graded], left: int = 0) -> str:
    """The content as strict JSON: every outcome with its points, and how often which mistake."""
    content = {
        "schema": SCHEMA,
        "not_graded": left,
        "mistakes": [{"mistake": name, "submissions": count} for name, count in mistakes(all_)],
        "submissions": [
            {
                "name": one.submission.name,
                "points": one.score.points,
                "most": one.score.most,
                "zeroed": one.score.zeroed,
                "review": one.score.review,
                "mistake": mistake_of(one),
                "parts": [part._asdict() for part in one.score.parts],
                "outcome": as_plain(one.outcome),
            }
            for one in all_
        ],
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def as_gradescope(one: Graded, grading: Grading) -> str:
    """The results.json of one submission, by the specification of Gradescope's autograder."""
    score, outcome = one.score, one.outcome

    def test(part: Part) -> dict[str, object]:
        said = part.said if grading.page == "full" else part.where
        return {
            "name": part.name,
            "score": round(part.points, 6),
            "max_score": part.most,
            "output": said,
            "visibility": "visible",
        }

    content = {
        "score": round(score.points, 6),
        "execution_time": round(outcome.seconds, 2),
        "output": "\n".join(filter(None, (outcome.error, outcome.trace))),
        "visibility": "visible",
        "tests": [test(part) for part in score.parts],
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def _cell(text: str) -> str:
    """The text, with a quote before what a spreadsheet would run."""
    return f"'{text}" if text.startswith(UNSAFE) else text
