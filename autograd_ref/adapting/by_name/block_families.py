"""Functions that compute one block of a gradient each, as grad_w and grad_b do."""

from collections.abc import Iterable, Mapping

from autograd_ref.adapting.by_name.array_names import ARRAY, BIAS
from autograd_ref.adapting.by_name.function_names import FORWARD, MAKER, OUTSIDE

Family = Mapping[str, str]
"""The name of each function, by that of the array whose derivative it returns."""


def families(names: Iterable[str]) -> list[Family]:
    """Return the functions that go by one name but for that of an array, the most first.

    Args:
        names: of functions.

    Examples:
        >>> families(["predict", "slope_w1", "slope_b1", "slope_of", "W_grad", "b_grad", "b_o"])
        [{'w1': 'slope_w1', 'b1': 'slope_b1'}, {'W': 'W_grad', 'b': 'b_grad'}]
    """
    others = FORWARD.fullmatch, MAKER.match, OUTSIDE.fullmatch
    found: dict[tuple[str, str], dict[str, str]] = {}
    for name in (one for one in names if not any(is_other(one) for is_other in others)):
        for i in range(1, len(name)):
            for around, rest in (((name[:i], ""), name[i:]), (("", name[i:]), name[:i])):
                array = rest.strip("_")
                if ARRAY.fullmatch(array) or len(array) == 1:
                    found.setdefault(around, {})[array] = name
    several = [one for one in found.values() if len(one) > 1 and _has_weights(one)]
    kept: list[Family] = []
    for one in sorted(several, key=lambda one: -len(one)):
        if not any({*one.values()} <= {*other.values()} for other in kept):
            kept.append(one)
    return kept


def _has_weights(names: Iterable[str]) -> bool:
    return any(ARRAY.fullmatch(name) and not BIAS.fullmatch(name) for name in names)
