"""How submissions are graded: points, credit, limits and marks, from a file of TOML."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

from autograd_ref.commands.grade.asked.checked_values import MarkRule, Shown, require_values
from autograd_ref.commands.grade.asked.network_table import (
    NetworkTable,
    convention_in,
    network_in,
)
from autograd_ref.commands.grade.asked.requirements import (
    merged,
    require_known,
)
from autograd_ref.commands.options import Unusable

BLOCK = 2
"""Points of a block, by default."""
OTHER_PARTS = ("intermediates", "behaviour")

MEBIBYTE = 1 << 20

DEFAULT = """\
# Every line may be left out; these are the defaults.
seeds = [11, 12, 13]   # of the problems: for hidden ones, take your own
file = ""              # in a folder with several Python files, the one to grade
function = ""          # its gradient, or the class that has it; "" looks for it
adapter = ""           # FILE.py:NAME, called with each submission's module: returns its gradient
page = "full"          # a student's page: "full", or "where" for what is wrong without why

[convention]           # detected where it is left out
# theta = true
# targets = "one-hot"
# layout = "columns"
# biases = "matrices"
# shape = [4, 16, 3]

[network]              # where it is another of the usual ones; the built-in one is the default
# activation = "tanh"  # of the hidden layers
# output = "sigmoid"
# loss = "binary-cross-entropy"
# reduction = "sum"
# l2 = 0.01
# bias = false         # layers without biases
# shape = [4, 32, 16, 3]   # as many layers as are meant; W2 and b2 then get points too

[points]               # W0, b0 and so on, for every block of the network
loss = 0
W0 = 2
b0 = 2
W1 = 2
b1 = 2
intermediates = 0      # shared by those that a submission returns
behaviour = 2          # nothing that does harm, where a block gets points

[credit]               # the share of a wrong block's points, by the name of its mistake
# "1/S missing" = 0.8

[limits]
seconds = 5            # for the code of one submission, in all its calls
memory = 1024          # MiB, beside what PyTorch takes
output = 64            # KiB that are kept of what it prints
files = 16             # MiB that it may write
processes = false      # true lets it start others

[marks]                # "zero": no points; "flag": said, no more; "allow": not said
imports = "zero"
grader = "zero"
memory = "zero"
functions = "zero"
result = "zero"
outside = "flag"
processes = "flag"
network = "flag"
native = "flag"
"""
"""The text of `crosscheck grade --example`, which holds for all that a file leaves out."""


class Limits(NamedTuple):
    """The limits of one submission."""

    seconds: float
    memory: int
    """In MiB, beside what the grader itself takes."""
    output: int
    """In KiB; more is read and dropped."""
    files: int
    """In MiB."""
    processes: bool


class Grading(NamedTuple):
    """The parts of a submission that get points, and how it is run."""

    seeds: tuple[int, ...]
    file: str
    function: str
    adapter: str
    page: Shown
    convention: Mapping[str, Any]
    """theta, targets, layout, biases and shape, as the options of `crosscheck check`."""
    network: NetworkTable
    points: Mapping[str, float]
    credit: Mapping[str, float]
    limits: Limits
    marks: Mapping[str, MarkRule]
    folder: Path
    """The folder in which the adapter is looked for."""
    text: str
    """The file itself: results that were made by another one are not taken up."""


def grading_of(path: Path | None) -> Grading:
    """The grading that a file says, or the default.

    Raises:
        Unusable: the file cannot be read, or says something else than is asked.
    """
    text, name, folder = "", "the grading", Path.cwd()
    if path is not None:
        name, folder = str(path), path.resolve().parent
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Unusable(f"cannot read {path}: {_reason(error)}") from None
    try:
        given: dict[str, object] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Unusable(f"cannot read {name}: it is no TOML: {error}") from None
    try:
        return grading_from(given, folder, text)
    except ValueError as error:
        raise Unusable(f"{name}: {error}") from None


def grading_from(given: Mapping[str, object], folder: Path, text: str) -> Grading:
    """The grading that the content of a file says.

    Raises:
        ValueError: it says something else than is asked.
    """
    top = cast("dict[str, object]", tomllib.loads(DEFAULT))
    require_known(given, top, "the file")
    convention = convention_in(given.get("convention", {}))
    network = network_in(given.get("network", {}), convention)
    top["points"] = _parts(network, _table(top, "points"), given.get("points"))
    found = {name: merged(name, given.get(name, value), value) for name, value in top.items()}
    require_values(found, folder)
    return Grading(
        seeds=(*cast("list[int]", found["seeds"]),),
        **{name: cast("Any", found[name]) for name in ("file", "function", "adapter", "page")},
        convention=convention,
        network=network,
        points=_table(found, "points"),
        credit=_table(found, "credit"),
        limits=Limits(**_table(found, "limits")),
        marks=_table(found, "marks"),
        folder=folder,
        text=text,
    )


def _parts(network: NetworkTable, usual: Mapping[str, int], given: object) -> dict[str, int]:
    """The points of all parts where none are given: as many for every block of the network.

    Raises:
        ValueError: some are given for a block that it does not have.
    """
    parts = {name: usual.get(name, BLOCK) for name in ("loss", *network.blocks, *OTHER_PARTS)}
    for name in usual:
        if name not in parts and isinstance(given, dict) and name in given:
            raise ValueError(f"[points] has {name!r}, and the [network] has none; leave it out")
    return parts


def _table(found: Mapping[str, object], name: str) -> dict[str, Any]:
    return cast("dict[str, Any]", found[name])


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or "" if isinstance(error, OSError) else "it is no text in UTF-8"
