"""The side-by-side comparison as a table and a sentence, and as JSON."""

import json
from typing import NamedTuple, TextIO

from rich.box import SIMPLE_HEAD, Box
from rich.console import Console
from rich.table import Table

from autograd_ref.commands.side_by_side import Row, SideBySide
from autograd_ref.report.data import Block
from manual_backprop.parameters import NetworkShape

PLAIN_WIDTH = 100
NARROWEST = 80
"""In fewer columns a figure would be broken in two; a terminal wraps whole lines instead."""
PLAIN_HEAD = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)
"""A line of dashes under the header: what a pipe can carry in any encoding."""

COLOURS = {"match": "green", "mismatch": "bold red", "inconclusive": "yellow"}


class About(NamedTuple):
    """What was compared."""

    network: NetworkShape
    samples: int
    seed: int
    dtype: str


def as_text(about: About, result: SideBySide, stream: TextIO) -> None:
    """Write the table: in colour and lines on a terminal, as plain text anywhere else."""
    console = Console(file=stream)
    if not console.is_terminal:
        console = Console(file=stream, width=PLAIN_WIDTH, color_system=None)
    console.width = max(console.width, NARROWEST)
    with console.capture() as capture:
        for line in _heading(about):
            console.print(line, highlight=False)
        console.print(_table(result, plain=not console.is_terminal))
        for note in _notes(about):
            console.print(note, highlight=False)
        console.print(f"\n{sentence(result)}", style=COLOURS[result.verdict], highlight=False)
    stream.write("".join(f"{line.rstrip()}\n" for line in capture.get().splitlines()))


def as_json(about: About, result: SideBySide) -> str:
    """The same content for machines."""
    content = {
        "network": {
            "inputs": about.network.inputs,
            "hidden": about.network.hidden,
            "outputs": about.network.outputs,
            "parameters": about.network.parameter_count,
        },
        "samples": about.samples,
        "seed": about.seed,
        "dtype": about.dtype,
        "quantities": [
            {
                **row.by_autograd._asdict(),
                "approx_fprime": row.by_difference and _without_units(row.by_difference),
            }
            for row in result.rows
        ],
        "verdict": result.verdict,
        "sentence": sentence(result),
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def _without_units(block: Block) -> dict[str, object]:
    """A forward difference is allowed more than rounding, so its share says nothing."""
    return {name: value for name, value in block._asdict().items() if name != "share"}


def sentence(result: SideBySide) -> str:
    """The verdict in plain words."""
    failing = [row.by_autograd for row in result.rows if row.by_autograd.verdict == "mismatch"]
    doubted = [
        row.by_difference
        for row in result.rows
        if row.by_difference is not None and row.by_difference.verdict == "mismatch"
    ]
    if failing:
        return f"Mismatch: {_listed(failing)}."
    if doubted:
        return (
            "Mismatch: hand and autograd agree, but approx_fprime contradicts both:"
            f" {_listed(doubted)}."
        )
    if result.verdict == "inconclusive":
        return "Inconclusive: some quantity is zero in the reference, so nothing could have shown."
    largest = max(row.by_autograd.share or 0.0 for row in result.rows)
    return (
        f"Match: by hand and by autograd, error / tolerance is at most {largest:.2g} (1 allowed),"
        " and approx_fprime agrees as far as it is accurate."
    )


def _heading(about: About) -> list[str]:
    network = about.network
    return [
        f"Palmer penguins: {about.samples} samples, {network.inputs} features, seed {about.seed}",
        f"Network: {network.inputs} inputs, {network.hidden} hidden units (softplus),"
        f" {network.outputs} outputs (softmax, cross-entropy)",
        f"{network.parameter_count} parameters from N(0, 0.05), {about.dtype}",
    ]


def _table(result: SideBySide, *, plain: bool) -> Table:
    table = Table(box=PLAIN_HEAD if plain else SIMPLE_HEAD, pad_edge=False)
    table.add_column("quantity\n(shape)", no_wrap=True)
    table.add_column("largest\ndifference", justify="right", no_wrap=True)
    table.add_column("error /\ntolerance", justify="right", no_wrap=True)
    table.add_column("by hand\nby autograd", justify="right", overflow="fold")
    table.add_column("approx_fprime\n(accurate to)", justify="right", no_wrap=True)
    for row in result.rows:
        table.add_row(*_cells(row))
    return table


def _cells(row: Row) -> tuple[str, ...]:
    block, difference = row
    name = f"[bold]{block.name}[/bold]\n{block.shape or '(scalar)'}"
    if block.worst_index is None:
        return name, "", "", block.reason, ""
    return (
        name,
        f"{block.max_abs_error:.1e}",
        f"{block.share:.2f}" + (f"\nat {list(block.worst_index)}" if block.worst_index else ""),
        f"{block.hand: .17g}\n{block.reference: .17g}",
        "" if difference is None else _distance(difference),
    )


def _distance(difference: Block) -> str:
    if difference.max_abs_error is None:
        return difference.reason
    return f"{difference.max_abs_error:.1e}\n({difference.tolerance:.1e})"


def _notes(about: About) -> list[str]:
    notes = [
        "The index and the two values are where error / tolerance is largest; the tolerance is what"
        " rounding can do to that entry (derivation.md, section 5).",
    ]
    if about.dtype == "float32":
        notes.append("Autograd and approx_fprime work in float64 on the same float32 values.")
    if about.samples == 1:
        notes.append("With one sample, a gradient without its 1/S would look the same.")
    return notes


def _listed(blocks: list[Block]) -> str:
    return "; ".join(f"{block.name} {block.reason}" for block in blocks)
