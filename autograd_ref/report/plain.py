"""A report in plain types and as JSON.

The schema, version 2:

    schema      2
    verdict     "match", "mismatch" or "inconclusive"
    passed      true for a match without a finding that does harm, except those that are allowed
    sentence    the verdict in plain words
    reference   the reference gradient, in a few words
    loss        a block, or null where the function under test returns no loss
    blocks      a list of blocks: the fields of `autograd_ref.report.data.Block`, by their names;
                share is error / tolerance, 1 is allowed
    findings    a list of {"kind", "text"}
    harmful     the kinds of those findings that do harm and are not allowed
    allowed     the kinds of findings that the caller accepts
    warnings    a list of {"kind", "text"}
    not_checked  a list of {"kind", "text"}: what the check did not look at; each text is a noun
                phrase
    causes      a list of {"kind", "blocks", "explanation", "fix", "before", "residual"}; each of
                them explains all that is explained, the simplest first
    intermediates  the steps (below) without the gradients by the parameters
    steps       a list of {"name", "verdict", "place", "share", "cause", "remark"}: quantities of
                the derivation, each judged on those that it is computed from; the verdict is
                "match", "mismatch" or "inherited"; cause is as in causes, or null
    pattern     a list of {"kind", "text"}: where the errors are, when no known mistake explains
                them
    witness     the independent check: {"side", "explanation", "hand", "reference", "hand_loss",
                "reference_loss", "words"} or null; both losses are {"value", "accuracy"} or null,
                the words are ["gradient", "loss"], or those of another derivative

Numbers that are not finite are the strings "NaN", "Infinity" and "-Infinity".
"""

import json
import math
from typing import cast

from autograd_ref.report.data import Block, Cause, IndependentCheck, Note, ReportData, Slope, Step
from autograd_ref.report.sentences import verdict_sentence

SCHEMA = 2


def as_dict(report: ReportData) -> dict[str, object]:
    """Return the report in plain types."""
    return {
        "schema": SCHEMA,
        "verdict": report.verdict,
        "passed": report.passed,
        "sentence": verdict_sentence(report),
        "reference": report.reference,
        "loss": _plain(report.loss),
        "blocks": _plain(report.blocks),
        "findings": _plain(report.findings),
        "harmful": [note.kind for note in report.harmful],
        "allowed": _plain(report.allowed),
        "warnings": _plain(report.warnings),
        "not_checked": _plain(report.not_checked),
        "causes": _plain(report.causes),
        "intermediates": _plain(report.intermediates),
        "steps": _plain(report.steps),
        "pattern": _plain(report.pattern),
        "witness": _plain(report.witness),
    }


def as_json(report: ReportData) -> str:
    """Return the report as strict JSON, without NaN or Infinity tokens."""
    return json.dumps(as_dict(report), indent=2, allow_nan=False) + "\n"


def _plain(value: object) -> object:
    """Return dicts for records, lists for tuples, and strings for numbers that JSON lacks."""
    if isinstance(value, Block | Cause | IndependentCheck | Note | Slope | Step):
        return {name: _plain(item) for name, item in value._asdict().items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in cast("tuple[object, ...]", value)]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    return value
