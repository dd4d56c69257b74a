"""A Jacobian of complex numbers as one of their real and imaginary parts.

Where x and an output are complex, its block is the derivative J of a holomorphic function, and the
parts are [[Re J, -Im J], [Im J, Re J]]. Of a real output by a complex x it is the derivative by the
real part plus i times that by the imaginary part, as gradients are; of a complex output by a real
x, the parts of J.
"""

from typing import Any

import numpy as np

from autograd_ref.reference.jacobians.copied_inputs import Copies
from autograd_ref.tree.complex_parts import IMAG, REAL
from autograd_ref.tree.leaf import as_array
from autograd_ref.tree.nest import Path, leaves, nested

CONVENTION = (
    "; complex numbers are pairs: a block of a complex output by a complex x is the derivative of a"
    " holomorphic function, a block of a real output the derivative by the real part plus i times"
    " that by the imaginary part"
)
"""The end of a sentence about the reference."""


def of_whole(copies: Copies) -> Copies | None:
    """The form of a Jacobian of complex numbers, whose parts have this one; None without pairs."""
    x, outputs = _joined(copies.x), _joined(copies.outputs)
    if not (x or outputs):
        return None
    return Copies(nested(x) if x else copies.x, nested(outputs) if outputs else copies.outputs)


def in_parts(blocks: Any, whole: Copies, copies: Copies) -> Any:
    """The blocks of the parts, of a Jacobian that has all blocks of complex numbers; else it."""
    found = leaves(blocks)
    if not set(whole.paths()) <= set(found):
        return blocks
    parts: dict[Path, Any] = {}
    outputs, x = leaves(copies.outputs), leaves(copies.x)
    for path in whole.paths():
        output, p = whole.parts(path)
        block = as_array(found[path])
        re, im = block.real.copy(), block.imag.copy()
        if output in outputs and p in x:
            parts[path] = found[path]
        elif output in outputs:
            parts |= {(*output, *p, REAL): re, (*output, *p, IMAG): im}
        elif p in x:
            parts |= {(*output, REAL, *p): re, (*output, IMAG, *p): im}
        else:
            parts |= {(*output, REAL, *p, REAL): re, (*output, REAL, *p, IMAG): -im}
            parts |= {(*output, IMAG, *p, REAL): im, (*output, IMAG, *p, IMAG): re.copy()}
    return nested(parts)


def _joined(nest: Any) -> dict[Path, Any]:
    """The leaves with one complex array for every pair of real ones; empty without a pair."""
    found = leaves(nest)
    pairs = {path[:-1] for path in found if path[-1:] == (REAL,)}
    pairs = {path for path in pairs if (*path, IMAG) in found}
    if not pairs:
        return {}
    whole: dict[Path, Any] = {}
    for path, leaf in found.items():
        if path[:-1] in pairs and path[-1] in (REAL, IMAG):
            whole[path[:-1]] = np.zeros(np.shape(leaf), complex)
        else:
            whole[path] = leaf
    return whole
