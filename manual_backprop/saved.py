"""Parameters as JSON text and back, without losing a bit; other text is refused by name."""

import json
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike

from manual_backprop.arguments import FLOAT_TYPES, Array
from manual_backprop.shape import NAMES, Blocks, NetworkShape, block_shapes, checked_blocks

FORMATS = [kind.name for kind in FLOAT_TYPES]
KEYS = ("shape", "dtype", *NAMES)


def as_json(*blocks: ArrayLike) -> str:
    """Return W0, b0, W1, b1 as text that `from_json` reads; errors as of `checked_blocks`."""
    W0, b0, W1, b1 = checked_blocks(*blocks)
    content = {
        "shape": {"inputs": W0.shape[1], "hidden": W0.shape[0], "outputs": len(b1)},
        "dtype": W0.dtype.name,
        **{n: block.tolist() for n, block in zip(NAMES, (W0, b0, W1, b1), strict=True)},
    }
    return json.dumps(content) + "\n"


def from_json(text: str) -> Blocks:
    """Return the four blocks that `as_json` has written; TypeError or ValueError for other text."""
    content = _content(text)
    missing = [name for name in KEYS if name not in content]
    if missing:
        raise ValueError(f"text lacks {', '.join(missing)}; it needs {', '.join(KEYS)}")
    dtype = content["dtype"]
    if dtype not in FORMATS:
        raise ValueError(f"dtype is {dtype!r}; it needs to be {' or '.join(FORMATS)}")
    sizes = zip(NAMES, block_shapes(_shape(content["shape"])), strict=True)
    W0, b0, W1, b1 = (_block(name, content[name], size, dtype) for name, size in sizes)
    return W0, b0, W1, b1


def _content(text: str) -> dict[str, Any]:
    if not isinstance(text, str):
        raise TypeError(f"text is of type {type(text).__name__}; it needs to be a str")
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"text is not valid JSON: {error}") from None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _shape(found: Any) -> NetworkShape:
    try:
        return NetworkShape(**found)
    except (TypeError, ValueError):
        raise ValueError(
            f"shape is {found}; it needs integers of at least 1 under inputs, hidden and outputs"
        ) from None


def _block(name: str, rows: object, size: tuple[int, ...], dtype: str) -> Array:
    entries = np.array(rows, dtype=object)
    if not all(type(entry) in (int, float) for entry in entries.flat):
        raise ValueError(f"{name} holds something other than numbers, or its rows differ in length")
    if entries.shape != size:
        raise ValueError(f"{name} has shape {entries.shape}; it needs {size}")
    try:
        with np.errstate(over="ignore"):
            block = entries.astype(dtype)
    except OverflowError:  # an integer
        block = np.array(np.inf)
    if not np.isfinite(block).all():
        raise ValueError(f"{name} holds a number that is not finite in {dtype}")
    return cast("Array", block)
