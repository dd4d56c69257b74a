"""`crosscheck mistakes`: the catalogue of mistakes that a check recognises.

The catalogue is loaded where it is used, so that --help loads nothing; it needs NumPy, not PyTorch.
"""

import argparse
import json
from textwrap import fill
from typing import TYPE_CHECKING

from autograd_ref.commands.destination import add_json
from autograd_ref.commands.options import Command
from autograd_ref.commands.output import write_results

if TYPE_CHECKING:
    from autograd_ref.assignment.mistakes.planted import Planted

SCHEMA = 1
WIDTH = 80

DESCRIPTION = """List the mistakes in a gradient of the built-in network that a check recognises:
their titles, which crosscheck train --mistake takes, what is wrong, and the
fix."""

OTHERS = """A grading file gives credit by name: a title without its bracket. Other names that a
cause can have, in networks of other units too:"""


def trainable() -> dict[str, "Planted"]:
    """The mistakes that can be made in a network of any dimensions, by title."""
    from autograd_ref.assignment.mistakes.mistake import Shows

    return {planted.title: planted for planted in _catalogue() if planted.shows is Shows.ANY}


def names() -> tuple[str, ...]:
    """Every name that a report can give a cause in a network; of two at once, each."""
    from typing import get_args

    from autograd_ref.assignment.mistakes.catalogue import DERIVATIONS, RELATIONS
    from autograd_ref.assignment.mistakes.mistake import Shows
    from autograd_ref.assignment.mistakes.other_moment import kept_from
    from autograd_ref.assignment.mistakes.planted import problem_for
    from autograd_ref.diagnosis.relations.fitted import NUMBER_FORMAT
    from autograd_ref.diagnosis.relations.updates import UPDATES
    from autograd_ref.recording.slips.slip_names import SlipName

    earlier = kept_from(*problem_for(Shows.ANY, 0, float))
    of = (*DERIVATIONS, *RELATIONS, *UPDATES, *earlier)
    found = (*(one.name for one in of), NUMBER_FORMAT, *get_args(SlipName))
    return (*dict.fromkeys(part for name in found for part in name.split(" + ")),)


def as_text() -> str:
    """The catalogue, the titles of a mistake in several places together; then all other names."""
    count = f"{len(_catalogue())} mistakes, {len(trainable())} of which crosscheck train takes."
    by_name: dict[str, list[Planted]] = {}
    for planted in _catalogue():
        by_name.setdefault(f"{planted.of.name} {planted.shows}", []).append(planted)
    others = fill(f"{OTHERS} {'; '.join(_other_names())}.", WIDTH)
    return "\n\n".join([count, *map(_entry, by_name.values()), others]) + "\n"


def as_json() -> str:
    """The content as JSON, one entry for each title."""
    train = trainable()
    content = {
        "schema": SCHEMA,
        "mistakes": [
            {
                "title": planted.title,
                "name": planted.of.name,
                "blocks": list(planted.blocks),
                "what": _what(planted),
                "fix": _fix(planted),
                "train": planted.title in train,
                "needs": planted.shows.value,
            }
            for planted in _catalogue()
        ],
        "other_names": _other_names(),
    }
    return json.dumps(content, indent=2) + "\n"


def _other_names() -> list[str]:
    known = {planted.of.name for planted in _catalogue()}
    return [name for name in names() if name not in known]


def _catalogue() -> tuple["Planted", ...]:
    from autograd_ref.assignment.mistakes.planted import PLANTED

    return PLANTED


def _what(planted: "Planted") -> str:
    """The mistake in words, without the detail that a report fills in."""
    from autograd_ref.assignment.mistakes.notation import written

    what = written(planted.of.what.replace(", {}", "").replace("{}", "..."))
    # of a wrong derivation it is a sentence, of a relation the end of one
    return f"the gradient is {what}" if planted.blocks else what


def _fix(planted: "Planted") -> str:
    """The fix, in the network's own words where it has any."""
    from autograd_ref.assignment.mistakes.catalogue import FIXES
    from autograd_ref.assignment.mistakes.notation import written

    return written(FIXES.get(planted.of.name, planted.of.fix))


def _entry(same: list["Planted"]) -> str:
    """The titles of one mistake, and what it is."""
    first = same[0]
    lines = [f"{_what(first)}.", f"Fix: {_fix(first)}."]
    if first.title not in trainable():
        lines.append(f"Not for crosscheck train; it needs {first.shows.value}.")
    titles = fill("; ".join(planted.title for planted in same), WIDTH)
    indent = " " * 4
    texts = (fill(x, WIDTH, initial_indent=indent, subsequent_indent=2 * indent) for x in lines)
    return "\n".join([titles, *texts])


def _run(chosen: argparse.Namespace) -> int:
    write_results(as_text, {chosen.json: as_json})
    return 0


COMMAND = Command(
    name="mistakes",
    summary="list the mistakes that a check recognises",
    example="crosscheck mistakes --json mistakes.json",
    description=DESCRIPTION,
    exit_status="Exit status: 0; 2 unusable input.",
    add_options=add_json,
    run=_run,
)
