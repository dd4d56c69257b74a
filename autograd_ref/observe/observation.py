"""The facts about one call of the function under test, each computed once, when asked for."""

from collections.abc import Collection
from functools import cache, cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_ref.calls.call import Call
from autograd_ref.calls.trial import Trial
from autograd_ref.independent.across_set import inside_of
from autograd_ref.independent.along_difference import along_difference
from autograd_ref.independent.answer_noise import AnswerNoise
from autograd_ref.independent.hull.outside import is_outside
from autograd_ref.independent.kink import Kinks
from autograd_ref.independent.zero import is_zero_everywhere, size_of_terms
from autograd_ref.observe.compare import Values
from autograd_ref.observe.noise import Neighbours, is_part_of
from autograd_ref.observe.quantity import A, Quantity
from autograd_ref.reference.protocol import Level
from autograd_ref.report.data import IndependentCheck, Side
from autograd_ref.rounding.arithmetic import ALLOWED_UNITS
from autograd_ref.rounding.terms import by_terms
from autograd_ref.rounding.wider import InBoth, explained_by_rounding, wider_than
from autograd_ref.tree import number_format
from autograd_ref.tree.leaf import as_array, is_real, is_tensor, largest
from autograd_ref.tree.nest import ROOT, Path, leaves
from autograd_ref.tree.number_format import dtype_name
from autograd_ref.tree.point import in_float64, with_floats_in
from autograd_ref.user_code import Raised, attempt
from autograd_ref.verdict.facts import Alone, Comparison

MANY_DIGITS = 1e-3
"""The largest relative error of an answer that cannot be another point's. Chosen."""


class Observation:
    """One call beside the reference at the same point.

    Args:
        trial: what was called, where, and what it is compared with.
        call: what came back.
        repeatable: False where the function answers the same question differently; then its errors
            scatter for another reason than rounding.
    """

    def __init__(self, trial: Trial, call: Call, *, repeatable: bool) -> None:
        beside = trial.exact.beside
        exact = trial.exact if beside is None else beside(call.answer.gradients)
        self.trial, self.call, self.repeatable = trial._replace(exact=exact), call, repeatable
        self._checks: dict[tuple[frozenset[Path], bool], IndependentCheck | None] = {}

    @property
    def loss(self) -> Quantity | Alone | None:
        """The loss; None where the function returned none."""
        return self._loss

    @property
    def blocks(self) -> dict[Path, Quantity | Alone]:
        """The gradient by each parameter."""
        return self._blocks

    def is_near(self, blocks: Collection[Path], *, loss: bool) -> bool:
        """True where these values are right to half of their digits: none is another point's.

        This is cheap; the tolerances at another point would take most of the time of a check.
        """
        part = min(self._half_of_digits, MANY_DIGITS)
        exact, answer = self.trial.exact, self.call.answer
        for path in (one for one in blocks if one in exact.gradients):
            values, hand = exact.gradients[path], answer.gradients.get(path)
            if hand is None or hand.shape != values.shape or not is_real(hand):
                return False
            if not largest(hand - values) <= part * largest(values):
                return False
        found = answer.loss
        if found is None or not loss:
            return True
        off = np.abs(found - exact.loss) if is_real(found) else np.array(np.inf)
        return bool((off <= part * abs(exact.loss)).all())

    @property
    def finite(self) -> bool:
        """True where all that was returned is finite."""
        return all(np.isfinite(a).all() for a in self.call.values.values() if is_real(a))

    def as_wrong_in_float64(self, blocks: Collection[Path]) -> "Observation | None":
        """The call in float64, where all these blocks are wrong there, and by as much; or None."""
        there = self._in_float64
        if there is None:
            return None
        for path in blocks:
            right, hand = there.trial.exact.gradients[path], there.call.answer.gradients.get(path)
            own = self.call.answer.gradients.get(path)
            if hand is None or own is None or not hand.shape == own.shape == right.shape:
                return None
            if not (is_real(own) and np.isfinite(own).all()):  # that is no mistake of a derivation
                return None
            if not is_part_of(hand - right, own - self.trial.exact.gradients[path]):
                return None
        return there

    def independent_check(self, blocks: Collection[Path], *, loss: bool) -> IndependentCheck | None:
        """Numerical derivatives along the difference of these blocks; None with nothing to ask.

        Nor where the reference's gradient is right by definition: they could only contradict it.
        """
        if self.trial.options.declared:
            return None
        key = frozenset(blocks), loss
        if key not in self._checks:
            self._checks[key] = along_difference(self.trial, self.call.answer, blocks, loss=loss)
        return self._checks[key]

    def contradicted_side(self, blocks: Collection[Path], *, loss: bool) -> Side | None:
        """The side that the independent check contradicts."""
        found = self.independent_check(blocks, loss=loss)
        return None if found is None else found.side

    @cached_property
    def _blocks(self) -> dict[Path, Quantity | Alone]:
        parameters = leaves(self.trial.point.parameters)
        asked = {path: leaf for path, leaf in parameters.items() if path not in self.trial.unasked}
        return {path: self._block(path, leaf) for path, leaf in asked.items()}

    @cached_property
    def _loss(self) -> Quantity | Alone | None:
        """The loss may be of any real type, and of any shape that holds one number."""
        found = self.call.answer.loss
        if found is None:
            return None
        if found.size != 1 or not is_real(found):
            form = f"is of shape {found.shape} and {found.dtype}; it needs one real number"
            return Alone(Comparison(found.shape, str(found.dtype), form=form))
        value = found.reshape(()).astype(np.float64)
        return Quantity(
            Values(value, np.asarray(self.trial.exact.loss), "f8"),
            lambda level: self.trial.exact.tolerances(level).loss,
            partial(self._scatter, None),
            partial(self._is_systematic, None),
            self._half_of_digits,
            self.trial.options.accuracy or 0.0,
            rounded=partial(self._rounded, None),
        )

    def _block(self, path: Path, leaf: object) -> Quantity | Alone:
        answer, exact = self.call.answer, self.trial.exact
        parameter = as_array(leaf)
        if path not in answer.gradients:
            form = f"is missing: {self.trial.names.function} returned {answer.returned}"
            if parameter.dtype.kind in "iu" and path != ROOT:
                form += ". It is an integer: pass what is not differentiated by as data"
            return Alone(Comparison(parameter.shape, str(parameter.dtype), form=form))
        found = answer.dtypes[path]
        return Quantity(
            Values(
                answer.gradients[path],
                exact.gradients[path],
                _needed(found, leaf),
                found,
                exact.kink_of(path),
                exact.coarser and exact.coarser.formats()[path],
                self.trial.reference.blind,
            ),
            lambda level: self._tolerance(path, level),
            partial(self._scatter, path),
            partial(self._is_systematic, path),
            self._half_of_digits,
            self.trial.options.accuracy or 0.0,
            None if self.trial.reference.copies else parameter,  # copies are in no set
            inside=partial(inside_of, self.trial, path),
            at_kink=lambda disagreement: self._kinks.between(path, disagreement),
            outside=partial(self._is_outside, path),
            wide=lambda: None if self._in_float64 is None else self._in_float64.blocks[path],
            mistaken=partial(self._is_mistaken_in_float64, path),
            cancels=cache(lambda: self._is_left_out(path) or is_zero_everywhere(self.trial, path)),
            terms=lambda: size_of_terms(self.trial, exact, path),
            in_own_format=lambda: exact.coarser and exact.coarser.own()[path],
            rounded=partial(self._rounded, path),
        )

    def _is_left_out(self, path: Path) -> bool:
        """True of a block of zeros that may well be there, beside others that are not zero."""
        right = self.trial.exact.gradients
        has_others = self.trial.reference.zeros and self._largest > 0
        return has_others and not right[path].any()

    def _tolerance(self, path: Path, level: Level) -> A:
        exact = self.trial.exact
        own = exact.tolerances(level).gradients[path]
        return by_terms(exact.gradients[path], own, self._unit, self._largest)

    def _scatter(self, path: Path | None, error: A, off: NDArray[np.bool_]) -> A | None:
        if not self.repeatable:
            return None
        if self.trial.reference.blind:
            return self._answer_noise.scatter(path)
        return self._neighbours.scatter(path, error, off)

    def _is_systematic(self, path: Path | None, error: A, off: NDArray[np.bool_]) -> bool:
        if not self.repeatable or self.trial.reference.blind:  # that would cost the whole reference
            return False
        return self._neighbours.is_systematic(path, error, off)

    def _rounded(self, path: Path | None, tolerance: A) -> A | None:
        number = number_format.coarsest(self.trial.point.parameters)
        dtype, wide = wider_than(number), self._wider.get(path)
        if dtype is None or wide is None or not is_real(wide):
            return None
        if path is None:
            exact, sizes = np.asarray(self.trial.exact.loss), np.ones(())
            wide = wide.reshape(()) if wide.size == 1 else wide
        else:
            exact = self.trial.exact.gradients[path]
            sizes = np.abs(as_array(leaves(self.trial.point.parameters)[path]).astype(np.float64))
        own = self.call.values[path].reshape(exact.shape)
        found = InBoth(own, wide, float(np.finfo(dtype).eps) / number.eps)
        return explained_by_rounding(found, exact, tolerance, sizes)

    @cached_property
    def _wider(self) -> dict[Path | None, NDArray[Any]]:
        """The results in a wider number format, at equal values; of functions of arrays only."""
        point = self.trial.point
        dtype = wider_than(number_format.coarsest(point.parameters))
        tensors = any(is_tensor(leaf) for leaf in leaves(tuple(point)).values())
        if dtype is None or tensors or not self.repeatable:
            return {}
        found = attempt(self.trial._replace(point=with_floats_in(point, dtype)).call)
        return {} if isinstance(found, Raised) else found.values

    def _is_outside(self, path: Path, hand: A, reference: A) -> bool:
        trial = self.trial
        met = any(note.kind == "kink" for note in trial.exact.notes)
        # within rounding of a kink, and not at it, its slopes are rounding's
        if trial.options.declared or not (met or self.blocks[path].comparison.beyond):
            return False
        return is_outside(trial, path, (hand, reference), lambda: self._kinks.beside(path))

    @cached_property
    def _in_float64(self) -> "Observation | None":
        """A call in float64, at equal values; None where this is one, or there is none."""
        trial = self.trial
        if number_format.coarsest(trial.point.parameters).name == "float64":
            return None

        def observed() -> Observation:
            point = in_float64(trial.point)
            there = trial._replace(point=point, exact=trial.reference.evaluate(point))
            return Observation(there, there.call(), repeatable=self.repeatable)

        found = attempt(observed)
        return None if isinstance(found, Raised) else found

    def _is_mistaken_in_float64(self, path: Path, error: A) -> bool:
        there = self._in_float64
        assert there is not None, "only what is wrong there is asked"
        found = there.call.answer.gradients[path] - there.trial.exact.gradients[path]
        if not is_part_of(found, error):
            return False
        # with a blind reference, that would cost the whole of it at every point
        return self.trial.reference.blind or self._in_float64_nearby.stays(path)

    @cached_property
    def _in_float64_nearby(self) -> Neighbours:
        return Neighbours(self.trial, wide=True)

    @cached_property
    def _kinks(self) -> Kinks:
        return Kinks(self.trial, self.call.answer)

    @cached_property
    def _neighbours(self) -> Neighbours:
        return Neighbours(self.trial)

    @cached_property
    def _answer_noise(self) -> AnswerNoise:
        return AnswerNoise(self.trial)

    @cached_property
    def _half_of_digits(self) -> float:
        return number_format.coarsest(self.trial.point.parameters).unit ** 0.5

    @cached_property
    def _unit(self) -> float:
        return ALLOWED_UNITS * number_format.coarsest(self.trial.point.parameters).unit

    @cached_property
    def _largest(self) -> float:
        """The largest entry of all gradients."""
        return max(map(largest, self.trial.exact.gradients.values()), default=0.0)


def _needed(found: str, leaf: object) -> str:
    """A gradient has the dtype of its parameter; that of an integer is of any float type."""
    # Python's own numbers have no dtype to keep
    free = as_array(leaf).dtype.kind != "f" or isinstance(leaf, int | float)
    return found if free and "float" in found else dtype_name(leaf)
