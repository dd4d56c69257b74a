"""Every planted mistake, by one sentence of its own."""

from tests import wrong_gradients
from tests.mistakes import biases, hidden_layer, names, output_layer, problems, scale
from tests.mistakes.case import MISMATCH, Function, Mistake, Problem
from tests.mistakes.checks import CHECKS
from tests.mistakes.memory import MEMORY
from tests.mistakes.names import NAMES
from tests.mistakes.numerics import NUMERICS
from tests.mistakes.regularised import REGULARISED
from tests.mistakes.state import STATE
from tests.mistakes.steps import Gradient, correct


def by_value() -> Function:
    return correct


def by_labels() -> Function:
    return output_layer.correct_from_labels


def _of_values(
    gradients: dict[str, Gradient], problem: Problem, right: Function = by_value
) -> dict[str, Mistake]:
    def made(gradient: Gradient) -> Mistake:
        return Mistake(lambda: gradient, problem, MISMATCH, right)

    return {name: made(gradient) for name, gradient in gradients.items()}


VALUES: dict[str, Mistake] = {
    **_of_values(wrong_gradients.ANY_SHAPE, problems.distinct),
    **_of_values(scale.DISTINCT_COUNTS, problems.distinct),
    **_of_values(names.ANY_SHAPE, problems.distinct),
    **_of_values(wrong_gradients.SQUARE, problems.square),
    **_of_values(names.SQUARE, problems.square),
    **_of_values(hidden_layer.ALL_EQUAL, problems.all_equal),
    **_of_values(biases.AS_MANY_SAMPLES_AS_UNITS, problems.as_many_samples_as_units),
    **_of_values(output_layer.LABELS, problems.with_labels, by_labels),
}
"""Where the gradients returned differ from the right ones in value or shape, and that is all."""

PARTS = [VALUES, STATE, MEMORY, NAMES, REGULARISED, NUMERICS, CHECKS]
MISTAKES: dict[str, Mistake] = {name: m for part in PARTS for name, m in part.items()}
