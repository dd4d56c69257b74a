"""Names of gradients that say of which parameter they are: dW1, grad_W1, W1_grad for W1."""

import re
from collections.abc import Hashable, Iterable
from typing import NamedTuple

from autograd_ref.tree.nest import ROOT, Path

BEFORE = r"(?:d|g|grads?|gradients?|nabla|∂|∇)_?"
"""Words before a name: dW, g_W, grad_W."""

QUOTIENT = r"(?:d|∂)_?(?:[a-z]|loss|cost|error|objective|nll)_?/?_?(?:d|∂)_?"
"""Words before it as before the lower part of a quotient: dL_dW, dJdW, dLoss/dW."""

AFTER = r"[_.]?(?:grads?|gradients?)|_(?:g|bar)"
"""Words after it: W_grad, W_bar."""

CHANGE_BEFORE = r"(?:delta|Δ|δ|deriv(?:ative)?|der|del|jac(?:obian)?)_?|(?:d|∂)[a-z]_"
CHANGE_AFTER = r"_?(?:delta|nabla|deriv(?:ative)?)|_d"
"""Words that count only where no others stand there: delta_W may be an update as well."""

GRADIENT = re.compile(rf"(?i:{QUOTIENT}|{BEFORE})\w*|jac|\w+(?i:{AFTER})")
"""A name that is one of a gradient, of whatever parameter."""


class _Words(NamedTuple):
    """The patterns that may stand before and after the name of a parameter."""

    before: str
    after: str
    flags: re.RegexFlag = re.NOFLAG


SURE = _Words(f"(?:{QUOTIENT}|{BEFORE})", f"(?:{AFTER})")
UNSURE = _Words(f"(?:{QUOTIENT}|{BEFORE}|{CHANGE_BEFORE})", f"(?:{AFTER}|{CHANGE_AFTER})")


def by_parameter(
    found: Iterable[Path], parameters: Iterable[Path], *, surely: bool = False
) -> dict[Path, Path]:
    """The parameter that each name of a result tells of; empty unless every parameter has one name.

    One that stands before or after every name comes first, and words that may mean an update as
    well come last. Upper and lower case may differ only where nothing fits as it is.

    Args:
        found: the paths of what was returned.
        parameters: the paths of the parameters.
        surely: True to take no name that may be one of an update.

    >>> by_parameter([("dW",), ("db",)], [("W",), ("b",)])
    {('dW',): ('W',), ('db',): ('b',)}
    >>> by_parameter([("dW",), ("gW",), ("grad_b",)], [("W",), ("b",)])
    {}
    """
    found, parameters = list(found), list(parameters)
    if parameters == [ROOT]:  # one array, whose name nobody knows
        named = len(found) == 1 and len(found[0]) == 1 and GRADIENT.fullmatch(str(found[0][0]))
        return {found[0]: ROOT} if named else {}
    for words in (SURE,) if surely else (SURE, UNSURE):
        names = (
            _alike(found, parameters, words)
            or _matched(found, parameters, words)
            or _matched(found, parameters, words._replace(flags=re.IGNORECASE))
        )
        if names:
            return names
    return {}


def is_gradient_of(name: str, of: str, *, exactly: bool = True) -> bool:
    """Return whether a name is that of the derivative by another name.

    Args:
        name: as it was returned.
        of: the name of a value.
        exactly: False where upper and lower case may differ.

    >>> [is_gradient_of(name, "h") for name in ("dh", "grad_h", "h_grad", "delta_h", "dL_dh")]
    [True, True, True, True, True]
    >>> is_gradient_of("h", "h"), is_gradient_of("dz", "h")
    (False, False)
    """
    words = UNSURE if exactly else UNSURE._replace(flags=re.IGNORECASE)
    pattern = _pattern(of, words)
    itself = name.lower() == of.lower()
    return not itself and pattern is not None and pattern.fullmatch(name) is not None


def _alike(found: list[Path], parameters: list[Path], words: _Words) -> dict[Path, Path]:
    """By the one addition that all names have in common: dx is of x where ddx is of dx."""
    additions = [_additions(found, parameter, words) for parameter in parameters]
    common = set(additions[0]).intersection(*additions[1:])
    if len(common) != 1:
        return {}
    (addition,) = common
    return {each[addition]: of for each, of in zip(additions, parameters, strict=True)}


def _additions(found: list[Path], parameter: Path, words: _Words) -> dict[tuple[str, str], Path]:
    """The words before and after the name of a parameter, and the path where they stand."""
    *outer, name = parameter
    pattern = _pattern(name, words)
    found = [path for path in found if path[:-1] == tuple(outer) and path != parameter]
    fitting = [path for path in found if pattern and path and pattern.fullmatch(str(path[-1]))]
    parts = {path: str(path[-1]).split(str(name)) for path in fitting}
    return {(part[0], part[1]): path for path, part in parts.items() if len(part) == 2}


def _matched(found: list[Path], parameters: list[Path], words: _Words) -> dict[Path, Path]:
    names: dict[Path, Path] = {}
    for parameter in parameters:
        patterns = [_pattern(key, words) for key in parameter]
        fitting = [path for path in found if _fits(path, parameter, patterns)]
        if len(fitting) != 1 or fitting[0] in names:
            return {}
        names[fitting[0]] = parameter
    return names


def _pattern(key: Hashable, words: _Words) -> re.Pattern[str] | None:
    if not isinstance(key, str):
        return None
    name = re.escape(key)
    pattern = f"(?i:{words.before})?{name}|{name}(?i:{words.after})"
    return re.compile(pattern, words.flags)


def _fits(path: Path, parameter: Path, patterns: list[re.Pattern[str] | None]) -> bool:
    if len(path) != len(parameter):
        return False
    return all(
        key == wanted or (pattern and isinstance(key, str) and pattern.fullmatch(key))
        for key, wanted, pattern in zip(path, parameter, patterns, strict=True)
    )
