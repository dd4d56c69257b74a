"""A report as an object again, from the plain data of `Report.to_dict`."""

from collections.abc import Mapping
from typing import Any, cast

from autograd_ref.report.data import Block, Cause, IndependentCheck, Note, ReportData, Slope, Step

FIGURES = {
    *("max_abs_error", "max_rel_error", "share", "tolerance", "hand", "reference", "cosine"),
    *("norm_ratio", "resolution", "before", "residual", "value", "accuracy"),
}
"""The fields that are numbers, wherever in a report."""
NUMBERS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": -float("inf")}


def report_from(found: Mapping[str, Any]) -> ReportData:
    """The report, without the maps of its errors.

    Raises:
        ArithmeticError, AttributeError, LookupError, TypeError: it is not complete.
    """
    plain = cast("dict[str, Any]", _numbers(found))
    witness, loss = plain["witness"], plain["loss"]
    return ReportData(
        blocks=(*map(_block, plain["blocks"]),),
        loss=None if loss is None else _block(loss),
        reference=str(plain["reference"]),
        findings=_notes(plain["findings"]),
        allowed=(*map(str, plain["allowed"]),),
        warnings=_notes(plain["warnings"]),
        not_checked=_notes(plain["not_checked"]),
        witness=None if witness is None else _witness(witness),
        causes=(*map(_cause, plain["causes"]),),
        steps=(*map(_step, plain["steps"]),),
        pattern=_notes(plain["pattern"]),
    )


def _notes(plain: list[dict[str, Any]]) -> tuple[Note, ...]:
    return tuple(Note(**note) for note in plain)


def _block(plain: dict[str, Any]) -> Block:
    block = Block(**plain)
    index = block.worst_index
    return block._replace(shape=(*block.shape,), worst_index=None if index is None else (*index,))


def _cause(plain: dict[str, Any]) -> Cause:
    cause = Cause(**plain)
    return cause._replace(blocks=(*cause.blocks,))


def _step(plain: dict[str, Any]) -> Step:
    cause = plain["cause"]
    return Step(**plain)._replace(cause=None if cause is None else _cause(cause))


def _witness(plain: dict[str, Any]) -> IndependentCheck:
    hand, reference = (
        None if plain[name] is None else Slope(**plain[name])
        for name in ("hand_loss", "reference_loss")
    )
    return IndependentCheck(**plain)._replace(hand_loss=hand, reference_loss=reference)


def _numbers(value: Any, name: str = "") -> Any:
    """Data in which the numbers that JSON lacks stand in the place of their names."""
    if isinstance(value, dict):
        return {n: _numbers(v, n) for n, v in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_numbers(item) for item in cast("list[Any]", value)]
    return NUMBERS.get(value, value) if name in FIGURES and isinstance(value, str) else value
