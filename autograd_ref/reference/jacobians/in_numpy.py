"""A Jacobian of a NumPy function: the numerical gradient of each output, one below the other."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_ref.reference.jacobians.copied_inputs import Copies, Output
from autograd_ref.reference.jacobians.outputs import Function, outputs_of
from autograd_ref.reference.numpy_loss import numpy_loss
from autograd_ref.reference.protocol import Evaluation, Reference, Tolerances
from autograd_ref.report.data import Note
from autograd_ref.rounding.arithmetic import ALLOWED_UNITS, Level
from autograd_ref.tree.leaf import as_array, typical
from autograd_ref.tree.nest import Path, leaves, rebuilt
from autograd_ref.tree.number_format import coarsest
from autograd_ref.tree.point import Point, Results, own_copy, widened
from autograd_ref.user_code import user_code

A = NDArray[np.float64]

REMEMBERED = 5_000_000
"""Numbers of outputs that are remembered, 40 MB: each is asked for at the same parameters."""


def numpy_rows(function: Function, copies: Copies, *, thorough: bool = False) -> Reference:
    """A NumPy function of several outputs; every one of them is a loss.

    Args:
        function: the function.
        copies: the form of the parameters, a copy for every output.
        thorough: take the derivatives by every entry, however many there are.
    """

    def rows_at(point: Point) -> _Rows:
        outputs_at = _Remembered(function, point.data)
        losses = {
            one: numpy_loss(outputs_at.output(one), thorough=thorough) for one in copies.all()
        }
        return _Rows(copies, losses, point)

    def evaluate(point: Point) -> Evaluation:
        return rows_at(point).evaluate()

    def value(point: Point) -> float:
        return rows_at(point).value()

    def around(point: Point, by: Results, side: int) -> Callable[[Path], A]:
        return rows_at(point).around(by, side)

    example = numpy_loss(function)
    return example._replace(
        about="a numerical derivative of the given NumPy function",
        evaluate=evaluate,
        value=value,
        around=around,
    )


def outputs_in_numpy(function: Function, point: Point) -> Any:
    """The outputs of a function in NumPy, as arrays; its parameters are no copies."""
    own = own_copy(point)
    with user_code():
        found = outputs_of(function(widened(own.parameters), *own.data))
    return rebuilt(found, lambda _path, leaf: as_array(leaf))


class _Remembered:
    """A function of parameters whose outputs are remembered, by the values of these.

    Args:
        function: of parameters and data.
        data: what it is given with them.
    """

    def __init__(self, function: Function, data: tuple[Any, ...]) -> None:
        self.function, self.data = function, data
        self.found: dict[Any, dict[Path, NDArray[Any]]] = {}

    def output(self, one: Output) -> Callable[..., Any]:
        """The function of parameters alone that returns one of the outputs."""
        path, index = one

        def value(x: Any) -> Any:
            arrays = [as_array(leaf) for leaf in leaves(x).values()]
            key = tuple((array.dtype.char, array.tobytes()) for array in arrays)
            if key not in self.found:
                found = leaves(outputs_of(self.function(x, *own_copy(Point(x, self.data)).data)))
                arrays = {p: np.array(as_array(leaf)) for p, leaf in found.items()}
                if len(self.found) * sum(a.size for a in arrays.values()) > REMEMBERED:
                    self.found.clear()
                self.found[key] = arrays
            return self.found[key][path][index]

        return value


class _Rows(NamedTuple):
    """The references of all outputs, each of parameters alone, at one point."""

    copies: Copies
    references: Mapping[Output, Reference]
    point: Point

    def value(self) -> float:
        """The sum of all outputs."""
        return sum(self.references[one].value(at) for one, at in self._points().items())

    def evaluate(self) -> Evaluation:
        """The gradients of all outputs, as rows."""
        points = self._points()
        found = {one: self.references[one].evaluate(at) for one, at in points.items()}
        return self._stacked(found)

    def around(self, by: Results, side: int) -> Callable[[Path], A]:
        """The Jacobian nearby, and on one side of a kink."""

        def block(path: Path) -> A:
            return self._array(path, {one: of_row(one)(path) for one in self.references})

        points = self._points()

        def of_row(one: Output) -> Callable[[Path], A]:
            around = self.references[one].around
            assert around is not None, "a NumPy loss has it"
            found = around(points[one], self._row(by, one), side)
            return lambda path: found(path[len(one[0]) :])

        return block

    def _points(self) -> dict[Output, Point]:
        found: dict[Output, Point] = {}
        for x, outputs in self.copies.shared(self.point.parameters):
            found |= dict.fromkeys(outputs, Point(x, ()))
        return {one: found[one] for one in self.references}

    def _row(self, blocks: Mapping[Path, NDArray[Any]], one: Output) -> dict[Path, Any]:
        """The part of blocks that belongs to one output."""
        path, index = one
        return {p: blocks[*path, *p][index] for p in leaves(self.copies.x) if (*path, *p) in blocks}

    def _array(self, path: Path, rows: Mapping[Output, A]) -> A:
        """One block of the rows of its outputs."""
        own = [row for (of, _index), row in rows.items() if of == path[: len(of)]]
        return np.stack(own).reshape(self.copies.shape(path))

    def _blocks(self, rows: Mapping[Output, Mapping[Path, A]]) -> dict[Path, A]:
        """All blocks, of the rows of all outputs."""
        found: dict[Path, A] = {}
        for path in leaves(self.copies.outputs):
            for p in leaves(self.copies.x):
                own = [np.asarray(row[p]) for (of, _index), row in rows.items() if of == path]
                shape = self.copies.shape((*path, *p))
                found[*path, *p] = np.array(own, dtype=np.float64).reshape(shape)
        return found

    def _stacked(self, found: Mapping[Output, Evaluation]) -> Evaluation:
        """One evaluation of those of all outputs."""

        def tolerances(level: Level) -> Tolerances:
            each = {one: evaluation.tolerances(level) for one, evaluation in found.items()}
            loss = np.asarray(sum(float(one.loss) for one in each.values()))
            gradients = {
                one: self._with_terms(one, found[one].loss, row.gradients)
                for one, row in each.items()
            }
            return Tolerances(loss, self._blocks(gradients))

        def beside(answer: Results) -> Evaluation:
            rows: dict[Output, Evaluation] = {}
            for one, evaluation in found.items():
                own = self._row(answer, one) if self._fits(answer) else {}
                rows[one] = evaluation.beside(own) if evaluation.beside else evaluation
            return self._stacked(rows)._replace(beside=None)

        return Evaluation(
            sum(one.loss for one in found.values()),
            self._blocks({o: evaluation.gradients for o, evaluation in found.items()}),
            tolerances,
            _first_of_each_kind([note for one in found.values() for note in one.notes]),
            beside=beside,
            unseen=_first_of_each_kind([note for one in found.values() for note in one.unseen]),
            noise=sum(one.noise for one in found.values()),
            kinks={
                (*path, *p): text
                for (path, _index), evaluation in found.items()
                for p, text in evaluation.kinks.items()
            },
        )

    def _with_terms(self, one: Output, value: float, tolerances: Results) -> Results:
        """Tolerances of a row, with units of the output itself, in units of each parameter.

        Where an output hardly changes, as a probability near one does, textbook formulas subtract
        numbers of its size: q - q * q.
        """
        x = self.copies.copy_of(self.point.parameters, one)
        unit = ALLOWED_UNITS * coarsest(x).unit

        def terms(leaf: object) -> A:
            values = np.abs(as_array(leaf).astype(np.float64))
            return unit * abs(value) / np.where(values > 0, values, typical(values))

        return {path: tolerances[path] + terms(leaf) for path, leaf in leaves(x).items()}

    def _fits(self, answer: Results) -> bool:
        return all(array.shape == self.copies.shape(path) for path, array in answer.items())


def _first_of_each_kind(notes: list[Note]) -> tuple[Note, ...]:
    return tuple({note.kind: note for note in reversed(notes)}.values())
