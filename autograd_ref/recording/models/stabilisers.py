"""Small constants that keep a logarithm, a root or a division of a PyTorch loss finite.

Derivations leave them out: of log(p + 1e-8) one writes 1/p. The loss is evaluated again with such a
constant dropped; the gradient that comes out is what one gets by forgetting it.
"""

from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple, cast

import numpy as np
from torch import Tensor
from torch.overrides import TorchFunctionMode

from autograd_ref.recording.following import unfollowed
from autograd_ref.recording.models.affine import half_right
from autograd_ref.recording.slips.finding.claims import Search
from autograd_ref.recording.slips.finding.ranks import is_at_home
from autograd_ref.recording.slips.slip_names import SlipName
from autograd_ref.recording.slips.telling.in_words import worded
from autograd_ref.recording.steps.step_by_step import NOT_FOLLOWED, step_by_step
from autograd_ref.reference.model import (
    Discrepancy,
    Hypothesis,
    Judged,
    ReturnedBeside,
    UnknownModel,
    WrongGradient,
)
from autograd_ref.reference.protocol import Loss
from autograd_ref.reference.torch_loss import differentiate
from autograd_ref.report.words import listed
from autograd_ref.rounding.monte_carlo import as_float64
from autograd_ref.tree.nest import Path
from autograd_ref.tree.point import Point, Results
from autograd_ref.user_code import Raised, attempt

LARGEST = 1e-2
"""Constants that are larger are part of the model. Chosen."""

MOST = 6
"""Constants that are tried, each by itself and all together. Chosen."""

ADDS = {"add", "add_", "__radd__", "__iadd__"}
LEFT_OUT: SlipName = "a constant left out"
IN_FIRST = {
    **dict.fromkeys(("log", "log2", "log10", "log_"), "logarithm"),
    **dict.fromkeys(("sqrt", "rsqrt", "sqrt_", "pow", "__pow__"), "root"),
    **dict.fromkeys(("reciprocal", "__rdiv__", "__rtruediv__"), "division"),
}
IN_SECOND = {
    **dict.fromkeys(("div", "div_", "true_divide", "__truediv__", "__itruediv__"), "division"),
    "xlogy": "logarithm",
}
"""Operations that need a number above zero, by which argument that is."""

CARRIES = {
    *("view", "reshape", "unsqueeze", "squeeze", "expand", "expand_as", "transpose", "permute"),
    *("t", "__getitem__", "__get__", "flatten", "clamp", "clip", "clamp_max"),
}
"""Operations whose result holds the same numbers."""

EPS_AT = {
    **dict.fromkeys(("layer_norm", "group_norm"), (4, 1e-5)),
    **dict.fromkeys(("batch_norm", "instance_norm"), (7, 1e-5)),
    "pairwise_distance": (3, 1e-6),
}
"""Where eps is among the arguments of functions that have one, and its default."""


class Constant(NamedTuple):
    """A constant, and where it stands."""

    value: float
    inside: str
    """A logarithm, a root, a division, or a function of PyTorch that has it as an argument."""


class Constants(TorchFunctionMode):
    """While it is active, small constants that are added are taken note of, and some dropped.

    Args:
        dropped: the numbers, in the order of evaluation, of those to leave out.

    Attributes:
        found: those that a logarithm, a root or a division needs, by their numbers.
    """

    def __init__(self, dropped: Collection[int] = ()) -> None:
        super().__init__()
        self.dropped = dropped
        self.found: dict[int, Constant] = {}
        self._sums: list[tuple[Tensor, int, float]] = []
        self._count = 0

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        kwargs = dict(kwargs or {})
        name = str(getattr(func, "__name__", ""))
        if name in EPS_AT:
            args, kwargs = self._with_eps(name, list(args), kwargs)
        elif name in IN_FIRST and not _is_whole_power(name, args):
            self._needed(args[:1], IN_FIRST[name])
        elif name in IN_SECOND:
            self._needed(args[1:2], IN_SECOND[name])
        elif name in ADDS and len(args) == 2 and not kwargs:
            return self._sum(func, args)
        result: object = func(*args, **kwargs)
        if name in CARRIES and isinstance(result, Tensor):
            self._sums += [(result, number, v) for t, number, v in self._sums if t is args[0]]
        return result

    def _sum(self, func: Any, args: Any) -> object:
        value = next((float(x) for x in args if _is_constant(x)), 0.0)
        if not 0 < value <= LARGEST:
            return func(*args)
        number = self._count = self._count + 1
        if number in self.dropped:
            args = [x for x in args if not _is_constant(x)] + [0.0]
        result: Any = func(*args)
        self._sums.append((result, number, value))
        return result

    def _needed(self, args: Any, inside: str) -> None:
        for argument in args:
            for tensor, number, value in self._sums:
                if tensor is argument:
                    self.found[number] = Constant(value, inside)

    def _with_eps(self, name: str, args: list[Any], kwargs: dict[str, Any]) -> tuple[Any, Any]:
        place, default = EPS_AT[name]
        number = self._count = self._count + 1
        value = args[place] if len(args) > place else kwargs.get("eps", default)
        self.found[number] = Constant(float(value), name)
        if number in self.dropped and len(args) > place:
            args[place] = 0.0
        elif number in self.dropped:
            kwargs["eps"] = 0.0
        return args, kwargs


class _Left(NamedTuple):
    """The constants that are left out, and where."""

    point: Point
    dropped: dict[int, Constant]


class TorchModel(UnknownModel):
    """A PyTorch loss of which only its operations are known."""

    def __init__(self, loss: Loss) -> None:
        self.loss = loss
        self._search: tuple[WrongGradient, Search] | None = None

    def hypotheses(self, seen: Discrepancy, /) -> Iterator[Hypothesis]:
        """Yield the gradients of the loss without its small constants."""
        point, met = seen.point, Constants()
        if self._gradients(point, met) is None:
            return
        numbers: dict[Constant, list[int]] = {}
        for number, constant in met.found.items():
            numbers.setdefault(constant, []).append(number)
        some = list(numbers)[:MOST]
        for constants in [*([one] for one in some), *([some] if len(some) > 1 else [])]:
            dropped = {n: one for one in constants for n in numbers[one]}
            found = self._without(point, dropped)
            if found is not None:
                yield found

    def slips(self, wrong: WrongGradient, most: int, /) -> Iterator[Hypothesis]:
        """Yield the wrong steps that give a gradient, in terms of the loss's own lines."""
        if self._search is None or self._search[0] is not wrong:
            self._search = wrong, Search(self.loss, wrong)
        search = self._search[1]  # pairs are looked for where the search for one has found nothing
        for claim in search.claims() if most == 1 else search.pairs():
            name, what, fix = worded(claim)
            numbers = all(is_at_home(claim.steps.tape, slip) for slip in claim.guess.slips)
            at_home = numbers and claim.guess.change is None
            yield Hypothesis(name, what, fix, claim.gradients, lambda: None, at_home=at_home)

    def half_right(self, wrong: WrongGradient, /) -> Iterator[str]:
        """Yield which layers are right for another derivative by them."""
        yield from half_right(self.loss, wrong)

    def not_followed(self, point: Point, right: Results, /) -> str:
        """Return what stopped the recording of the loss."""
        return unfollowed(self.loss, point, right)

    def steps(
        self,
        found: ReturnedBeside,
        matching: Collection[Path],
        again: Callable[[], ReturnedBeside | None],
        /,
    ) -> Judged:
        """Return the verdict on each quantity, by its name in the loss."""
        judged = attempt(lambda: step_by_step(self.loss, found, matching, again))
        return Judged(notes=(NOT_FOLLOWED,)) if isinstance(judged, Raised) else judged

    def compose(self, one: Hypothesis, two: Hypothesis, /) -> Hypothesis | None:
        """Return the gradients without the constants of both."""
        first, second = cast("_Left", one.derivation), cast("_Left", two.derivation)
        return self._without(first.point, {**first.dropped, **second.dropped})

    def _without(self, point: Point, dropped: dict[int, Constant]) -> Hypothesis | None:
        found = self._gradients(point, Constants(dropped))
        if found is None:
            return None
        in_logarithms = all(one.inside == "logarithm" for one in dropped.values())
        example = " (1/(p + 1e-8) for log(p + 1e-8))" if in_logarithms else ""
        return Hypothesis(
            name=LEFT_OUT,
            what=_said(list(dict.fromkeys(dropped.values()))),
            fix=f"differentiate the loss with its constant{example}, or give one without it",
            gradients=found,
            in_float32=lambda: None,
            derivation=_Left(point, dropped),
        )

    def _gradients(self, point: Point, constants: Constants) -> Results | None:
        def compute() -> Results:
            with constants:
                _value, gradients = differentiate(self.loss, *point)
            return {path: as_float64(gradient) for path, gradient in gradients.items()}

        found = attempt(compute)
        return None if isinstance(found, Raised) else found


def _said(constants: list[Constant]) -> str:
    """Which constants are left out, as the end of a sentence."""
    places = [
        f"{one.value:g} in a {one.inside}"
        if one.inside in ("logarithm", "root", "division")
        else f"eps={one.value:g} of {one.inside}"
        for one in constants
    ]
    if len(places) == 1:
        return f"the constant {places[0]} is left out of the loss"
    return f"the constants {listed(places)} are left out of the loss"


def _is_constant(value: object) -> bool:
    """True for a number, and for a tensor of one number that no gradient goes through."""
    if isinstance(value, Tensor):
        return value.ndim == 0 and not value.requires_grad
    return isinstance(value, int | float | np.number)


def _is_whole_power(name: str, args: Any) -> bool:
    """True for x**2, which needs nothing; x**0.5 and x**-1 do."""
    if name not in ("pow", "__pow__") or len(args) < 2 or isinstance(args[1], Tensor):
        return False
    return float(args[1]).is_integer() and args[1] >= 0
