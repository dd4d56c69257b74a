"""The side-by-side comparison as text and as JSON."""

import json
from typing import NamedTuple

from autograd_ref.commands.comparison.side_by_side import Compared, SideBySide
from autograd_ref.commands.paragraphs import filled
from autograd_ref.report.data import Block
from autograd_ref.report.table import PLAIN, Display, table
from manual_backprop.parameters import NetworkShape

SCHEMA = 1
HEADER = (
    "quantity\n(shape)",
    "largest\ndifference",
    "error /\ntolerance",
    "by hand\nby autograd",
    "approx_fprime\n(accurate to)",
)


class Setup(NamedTuple):
    """The network and the samples on which it was compared."""

    network: NetworkShape
    samples: int
    seed: int
    dtype: str


def as_text(setup: Setup, result: SideBySide, display: Display = PLAIN) -> str:
    """The setup, the verdict, and a table of all quantities."""
    parts = [
        _heading(setup),
        filled(sentence(result), display),
        table(
            HEADER, [_row(one) for one in result.quantities], numbers=range(1, 5), display=display
        ),
        "\n".join(filled(note, display) for note in _notes(setup)),
    ]
    return "\n\n".join(parts) + "\n"


def as_json(setup: Setup, result: SideBySide) -> str:
    """The content as JSON."""
    network = setup.network
    content = {
        "schema": SCHEMA,
        "network": {
            "inputs": network.inputs,
            "hidden": network.hidden,
            "outputs": network.outputs,
            "parameters": network.parameter_count,
        },
        "samples": setup.samples,
        "seed": setup.seed,
        "dtype": setup.dtype,
        "quantities": [
            {
                **one.by_autograd._asdict(),
                "approx_fprime": one.by_difference and _without_share(one.by_difference),
            }
            for one in result.quantities
        ],
        "verdict": result.verdict,
        "sentence": sentence(result),
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def _without_share(block: Block) -> dict[str, object]:
    """A forward difference is allowed more than rounding, so its share says nothing."""
    return {name: value for name, value in block._asdict().items() if name != "share"}


def sentence(result: SideBySide) -> str:
    """The verdict in plain words."""
    failing = [
        one.by_autograd for one in result.quantities if one.by_autograd.verdict == "mismatch"
    ]
    doubted = [
        one.by_difference
        for one in result.quantities
        if one.by_difference is not None and one.by_difference.verdict == "mismatch"
    ]
    if failing:
        return f"Mismatch: {_reasons(failing)}."
    if doubted:
        return (
            "Mismatch: hand and autograd agree, but approx_fprime contradicts both:"
            f" {_reasons(doubted)}."
        )
    if result.verdict == "inconclusive":
        return (
            "Inconclusive: a quantity is zero throughout in the reference, where no mistake can"
            " show."
        )
    largest = max(one.by_autograd.share or 0.0 for one in result.quantities)
    return (
        f"Match: by hand and by autograd, error / tolerance is at most {largest:.2g} (1 allowed),"
        " and approx_fprime agrees within its accuracy."
    )


def _heading(setup: Setup) -> str:
    network = setup.network
    return (
        f"Palmer penguins: {setup.samples} samples, {network.inputs} features, seed {setup.seed}\n"
        f"Network: {network.inputs} inputs, {network.hidden} hidden units (softplus),"
        f" {network.outputs} outputs (softmax, cross-entropy)\n"
        f"{network.parameter_count} parameters from N(0, 0.05), {setup.dtype}"
    )


def _row(compared: Compared) -> tuple[str, ...]:
    block, difference = compared
    name = f"{block.name}\n{block.shape or '(scalar)'}"
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


def _notes(setup: Setup) -> list[str]:
    notes = [
        "The index and the two values are where error / tolerance is largest; the tolerance is how"
        " far rounding can move that entry (autograd_ref/rounding/derivation.md, section 5).",
    ]
    if setup.dtype == "float32":
        notes.append("Autograd and approx_fprime work in float64 on the same float32 values.")
    if setup.samples == 1:
        notes.append("With one sample, a gradient without its 1/S would look the same.")
    return notes


def _reasons(blocks: list[Block]) -> str:
    return "; ".join(f"{block.name} {block.reason}" for block in blocks)
