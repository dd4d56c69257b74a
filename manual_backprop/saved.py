"""Parameters as JSON, and back: no bit is lost, and what is no such text is refused by name."""

import json
from typing import Any, cast

import numpy as np

from manual_backprop.arguments import FLOAT_TYPES
from manual_backprop.parameters import Array, NetworkShape, Parameters, block_shapes
from manual_backprop.validation import checked_parameters

FORMATS = [kind.name for kind in FLOAT_TYPES]
NAMES = ("shape", "dtype", *Parameters._fields)


def as_json(parameters: Parameters) -> str:
    """What `from_json` reads; errors as of `checked_parameters`."""
    p = checked_parameters(parameters)
    content = {
        "shape": vars(p.shape),
        "dtype": p.W0.dtype.name,
        **{name: block.tolist() for name, block in p._asdict().items()},
    }
    return json.dumps(content) + "\n"


def from_json(text: str) -> Parameters:
    """The parameters that `as_json` has written; TypeError or ValueError where it has not."""
    content = _content(text)
    missing = [name for name in NAMES if name not in content]
    if missing:
        raise ValueError(f"text lacks {', '.join(missing)}; it needs {', '.join(NAMES)}")
    dtype = content["dtype"]
    if dtype not in FORMATS:
        raise ValueError(f"dtype is {dtype!r}; it needs to be {' or '.join(FORMATS)}")
    sizes = zip(Parameters._fields, block_shapes(_shape(content["shape"])), strict=True)
    return Parameters(*(_block(name, content[name], size, dtype) for name, size in sizes))


def _content(text: str) -> dict[str, Any]:
    if not isinstance(text, str):
        raise TypeError(f"text is of type {type(text).__name__}; it needs to be a str")
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"text is no JSON: {error}") from None
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
        raise ValueError(f"{name} does not hold numbers alone, or its rows differ in length")
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
