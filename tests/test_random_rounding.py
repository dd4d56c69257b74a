"""Rounding measured at random: what moves, how far, and what does not."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from autograd_ref.rounding.arithmetic import Level
from autograd_ref.rounding.monte_carlo import SIGNS, as_float64, tolerances
from autograd_ref.tree.number_format import NumberFormat, of_dtype
from autograd_ref.user_code import user_code

DOUBLE, SINGLE = of_dtype(np.float64), of_dtype(np.float32)


def moved(
    function: Callable[..., Tensor],
    *inputs: Any,
    level: Level = Level.DRIFTING,
    number: NumberFormat = DOUBLE,
    seed: int = 0,
) -> np.ndarray[Any, Any]:
    """The tolerance of a function's result."""

    def compute() -> list[Tensor]:
        tensors = [torch.tensor(value, dtype=torch.float64) for value in inputs]
        with user_code():
            return [function(*tensors)]

    exact = [as_float64(compute()[0])]
    return tolerances(compute, exact, number, level=level, seed=seed)[0]


def units(tolerance: Any, scale: float) -> float:
    """In units of roundoff of that scale."""
    return float(np.max(tolerance)) / (scale * DOUBLE.unit)


@pytest.mark.parametrize("count", [10, 1000])
def test_a_sum_that_cancels_is_allowed_what_its_terms_are(count: int) -> None:
    terms = np.resize([1.0, -1.0], count)
    assert units(moved(torch.sum, terms), count) == pytest.approx(2 * (4 + count), rel=0.3)
    assert units(moved(torch.sum, terms, level=Level.STRICT), count) == pytest.approx(
        2 * (4 + count**0.5), rel=0.3
    )


@pytest.mark.parametrize(
    ("number", "rounded"), [(SINGLE, 0.0), (of_dtype(np.float16), 1.0), (of_dtype("bfloat16"), 1.0)]
)
def test_sums_in_pairs_or_in_float32_hardly_grow(number: NumberFormat, rounded: float) -> None:
    """Only their result is rounded to a format with fewer digits than those of float32."""
    terms = np.resize([1.0, -1.0], 10_001)  # their sum is one
    found = moved(torch.sum, terms, level=Level.ACCUMULATED, number=number)
    sums = 2 * (4 + (24 + 14) ** 0.5) * SINGLE.unit * len(terms)
    own = 2 * 4 * rounded * number.unit + 4 * number.unit
    assert float(found) == pytest.approx(sums + own, rel=0.1)
    strict = moved(torch.sum, terms, level=Level.STRICT, number=number)
    assert strict > 8 * found


def test_below_the_smallest_normal_number_of_float16_digits_are_lost_one_by_one() -> None:
    half = of_dtype(np.float16)
    steps = half.smallest_normal * half.eps
    found = moved(torch.exp, -16.0, level=Level.ACCUMULATED, number=half)
    assert steps < float(found) < 10 * steps
    assert float(moved(torch.exp, -16.0, number=half)) > half.smallest_normal


def test_a_product_of_matrices_likewise() -> None:
    a, b = np.array([[1e8, -1e8, 3.0]]), np.array([[1.0], [1.0], [1.0]])
    tolerance = moved(torch.mm, a, b)
    assert units(tolerance, 2e8) == pytest.approx(2 * (4 + 4), rel=0.2)


def test_a_difference_is_allowed_what_its_parts_are() -> None:
    assert units(moved(torch.sub, 1e10, 1e10 + 1), 2e10) == pytest.approx(2 * (4 + 2), rel=0.2)


def test_a_function_is_allowed_sixteen_units_of_its_result() -> None:
    assert units(moved(torch.exp, -50.0), np.exp(-50)) == pytest.approx(2 * 16 + 4, rel=0.1)


@pytest.mark.parametrize("function", [functional.softplus, torch.sigmoid])
def test_textbook_forms_are_allowed_units_of_one(function: Callable[..., Tensor]) -> None:
    strict, textbook = (
        moved(function, -30.0, level=level) for level in (Level.DRIFTING, Level.TEXTBOOK)
    )
    assert units(strict, np.exp(-30)) < 50
    assert 20 < units(textbook, 1.0) < 50


def test_views_copies_and_constants_do_not_move() -> None:
    def same(x: Tensor) -> Tensor:
        return torch.cat([x.T.contiguous().T, torch.ones_like(x), -x.clone()])

    assert units(moved(same, np.ones((3, 2))), 1.0) == pytest.approx(4)


def test_a_coarser_format_moves_more_in_proportion() -> None:
    x = np.linspace(-1, 1, 8)  # not 0, which nothing moves
    ratio = moved(torch.tanh, x, number=SINGLE) / moved(torch.tanh, x)
    assert np.allclose(ratio, SINGLE.eps / DOUBLE.eps, rtol=0.05)


def test_what_an_early_operation_loses_is_seen_at_the_end() -> None:
    """z near 1e8 carries an absolute error, which sin turns into one of the result."""
    tolerance = moved(lambda z: torch.sin(z * 1e8), 1.0)
    assert units(tolerance, 1e8 * abs(np.cos(1e8))) == pytest.approx(2 * 4, rel=0.3)


def test_zeros_stay_zeros_so_that_no_kink_is_passed() -> None:
    def compute() -> list[Tensor]:
        w = torch.zeros(3, dtype=torch.float64, requires_grad=True)
        value = torch.relu(torch.ones(4, 3, dtype=torch.float64) @ w).sum()
        return [torch.autograd.grad(value, w)[0]]

    exact = [as_float64(compute()[0])]
    assert not exact[0].any()
    found = tolerances(compute, exact, DOUBLE, level=Level.DRIFTING, seed=0)[0]
    assert found.max() < 1e-300


def test_near_a_kink_the_slope_may_be_either() -> None:
    def slope(z: Tensor) -> Tensor:
        z = z.requires_grad_()
        (found,) = torch.autograd.grad(torch.relu((z + 1e8) - 1e8).sum(), z)
        return found

    found = moved(slope, np.full(30, 1e-9))
    assert found.max() >= 1
    assert moved(slope, np.full(30, 1.0)).max() < 1e-12


def test_softmax_cross_entropy_may_lose_a_unit_of_one() -> None:
    """Its gradient is a probability less one."""

    def gradient(z: Tensor) -> Tensor:
        z = z.requires_grad_()
        loss = functional.cross_entropy(z, torch.zeros(len(z), dtype=torch.int64))
        return torch.autograd.grad(loss, z)[0]

    def written_out(z: Tensor) -> Tensor:
        z = z.requires_grad_()
        return torch.autograd.grad(-torch.log(torch.softmax(z, 1)[:, 0]).mean(), z)[0]

    confident = np.array([[30.0, 0.0, 1.0]])
    for function in (gradient, written_out):
        assert 8 < units(moved(function, confident)[0, 0], 1.0) < 100


def test_the_same_seed_gives_the_same_bits_and_another_others() -> None:
    x = np.linspace(-1, 1, 20)
    assert np.array_equal(moved(torch.tanh, x, seed=3), moved(torch.tanh, x, seed=3))
    chained = [moved(lambda z: torch.tanh(torch.tanh(z)), x, seed=s) for s in (3, 4)]
    assert not np.array_equal(chained[0], chained[1])


def test_more_entries_than_directions_are_no_trouble() -> None:
    big = np.ones(2 * SIGNS + 5)
    tolerance = moved(torch.exp, big)
    assert tolerance.shape == big.shape
    assert tolerance.min() > 0


def test_what_overflows_when_disturbed_may_be_anything() -> None:
    largest = float(np.log(np.finfo(np.float64).max))
    assert moved(lambda x: torch.exp(x * 1.0), np.full(40, largest)).max() == np.inf


def test_what_is_read_or_chosen_is_not_disturbed() -> None:
    """A loss may look at its values, and decide by them."""
    seen: list[tuple[float, int, bool]] = []

    def look(x: Tensor) -> Tensor:
        seen.append((x[0].item(), int(x.argmax()), bool((x > 1).any())))
        return x * 1.0

    assert units(moved(look, [0.1, 0.1 + 1e-17, 0.1]), 0.1) < 20
    assert len(set(seen)) == 1
    assert len(seen) > 2


@pytest.mark.parametrize(
    ("function", "parts"),
    [
        (lambda x: torch.nn.functional.layer_norm(x, x.shape[-1:]), 1e6),
        (lambda x: torch.nn.functional.conv1d(x, torch.tensor([[[1.0, -1.0]]])), 2e6),
        (lambda x: torch.addcmul(x, x, -torch.ones(1)), 2e6),
        (lambda x: torch.lerp(x, -x, 0.5), 1e6),
        (lambda x: x[0, 0].index_add(0, torch.tensor([0]), -x[0, 0, :1]), 2e6),
    ],
)
def test_what_cancels_inside_an_operation_is_allowed_what_its_parts_are(
    function: Callable[..., Tensor], parts: float
) -> None:
    """Though nothing of it is seen in the result, and nothing of the inside is known."""
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        x = 1e6 + np.array([[[0.0, 1.0, 2.0, 4.0]]])
        assert 4 < units(moved(function, x), parts) < 200
    finally:
        torch.set_default_dtype(default)


def test_sums_in_place_are_allowed_what_their_parts_are() -> None:
    """As autograd adds up gradients."""

    def in_place(x: Tensor) -> Tensor:
        total = x.clone()
        total += -x
        return total

    assert units(moved(in_place, [1e6, 3.0]), 2e6) > 4


def test_where_rounding_makes_the_loss_impossible_anything_may_result() -> None:
    """As with a matrix that is hardly not singular."""

    def fragile(x: Tensor) -> Tensor:
        found = torch.exp(x)
        if found.item() != np.exp(1.0):
            raise RuntimeError("singular")  # as torch.linalg.LinAlgError is one
        return found

    assert moved(fragile, 1.0) == np.inf


def test_in_place_operations_and_tuples_are_disturbed_too() -> None:
    def in_place(x: Tensor) -> Tensor:
        return x.clone().mul_(3.0).add_(1.0).exp_()

    assert units(moved(in_place, 1.0), np.exp(4)) > 2 * 16
    assert units(moved(lambda x: torch.max(torch.exp(x), 0).values, [1.0, 2.0]), np.exp(2)) > 2 * 16


def test_numbers_in_the_place_of_tensors_count_as_terms() -> None:
    assert units(moved(lambda x: 1e6 - x, 1e6), 2e6) == pytest.approx(2 * (4 + 2), rel=0.2)
    assert units(moved(lambda x: torch.add(x, x, alpha=-3), 1.0), 4.0) > 2 * 4


def test_what_is_infinite_stays_so() -> None:
    """A causal mask is minus infinity; infinities that differ would be no number."""
    mask = np.triu(np.full((4, 4), -np.inf), 1)
    scores = np.arange(16.0).reshape(4, 4) / 8
    tolerance = moved(lambda s: torch.softmax(s + torch.as_tensor(mask), 1), scores)
    assert np.isfinite(tolerance).all()
    assert units(tolerance, 1.0) < 200


def test_a_coarser_format_inside_the_loss_rounds_as_it_does() -> None:
    tolerance = moved(lambda x: (x.float() * x.float()).double(), [3.0])
    assert SINGLE.unit < tolerance[0] / 9 < 50 * SINGLE.unit


def test_where_the_loss_refuses_what_rounding_makes_the_movements_are_smaller() -> None:
    """Probabilities have to sum to one, to seven digits; enlarged, the tolerance is the same."""

    def strict(x: Tensor) -> Tensor:
        p = torch.softmax(x, 0)
        if abs(float(p.sum()) - 1) > 1e-6:
            raise ValueError("not probabilities")
        return torch.log(p)

    x = [0.3, -1.0, 2.0, 0.5]
    free = moved(lambda x: torch.log(torch.softmax(x, 0)), x, number=SINGLE)
    assert np.allclose(moved(strict, x, number=SINGLE), free, rtol=0.7)
    assert not np.isfinite(moved(strict_in_float64, x)).any()


def strict_in_float64(x: Tensor) -> Tensor:
    """Nothing is smaller than roundoff in float64."""
    if float(torch.exp(x).sum()) != float(np.exp(x.numpy()).sum()):
        raise ValueError("another value")
    return x


@pytest.mark.parametrize("z", [30.0, 20.0, -800.0])
def test_probabilities_stay_between_zero_and_one(z: float) -> None:
    seen: list[float] = []

    def look(x: Tensor) -> Tensor:
        for found in (torch.sigmoid(x), torch.tanh(x).abs(), torch.softmax(x, 0)):
            seen.extend(found.tolist())
        return x

    _ = moved(look, [z, -z], number=SINGLE)
    assert max(seen) <= 1
    assert min(seen) >= 0


def test_whole_numbers_stay_whole() -> None:
    """Or what is looked up by them would be something else."""

    def table(x: Tensor) -> Tensor:
        places = torch.stack([x.floor(), x.ceil(), x.round(), x.trunc()])
        return (places == places.floor()).double()

    assert units(moved(table, [3.3, 5.2]), 1.0) == pytest.approx(4)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: torch.zeros(2, dtype=x.dtype).scatter_reduce(
            0, torch.tensor([0, 1, 0, 1]), x, "amax", include_self=False
        ),
        lambda x: torch.linalg.vector_norm(x, float("inf")),
    ],
    ids=["scatter_reduce", "vector_norm"],
)
def test_a_largest_entry_is_chosen_and_not_rounded(function: Callable[..., Tensor]) -> None:
    """So that the backward pass finds it again."""

    def gradient(x: Tensor) -> Tensor:
        x = x.requires_grad_()
        (found,) = torch.autograd.grad((function(x) ** 2).sum(), x)
        return found

    tolerance = moved(gradient, [1.0, -2.0, 3.0, 5.0])
    assert np.isfinite(tolerance).all()
    assert units(tolerance, 10.0) < 100


def test_sparse_tensors_are_left_as_they_are() -> None:
    matrix = torch.eye(3, dtype=torch.float64).to_sparse()
    tolerance = moved(lambda x: torch.sparse.mm(matrix, x), np.ones((3, 2)))
    assert 4 < units(tolerance, 1.0) < 200


def test_neighbours_of_another_size_do_not_hide_an_entry() -> None:
    tolerance = moved(lambda x: x * x, [1e5, 1e-14])
    assert tolerance[1] < 0.03 * 1e-28
    assert tolerance[0] > 4e10 * DOUBLE.unit


@pytest.mark.parametrize("scale", [1e-250, 1.0, 1e250])
def test_numbers_of_any_size_are_allowed_the_same_part_of_themselves(scale: float) -> None:
    tolerance = moved(lambda x: scale * x * x, [1.0, 2.0, 3.0])
    assert (tolerance < 100 * DOUBLE.unit * scale * np.array([1, 4, 9])).all()


def test_the_derivative_of_log_softmax_is_a_difference() -> None:
    weights = torch.tensor([[1e6, -1e6, 0.0]], dtype=torch.float64)

    def gradient(z: Tensor) -> Tensor:
        z = z.requires_grad_()
        return torch.autograd.grad((torch.log_softmax(z, 1) * weights).sum(), z)[0]

    assert units(moved(gradient, [[0.1, 0.2, 0.3]]), 1e6) > 40


def beside_constants(places: list[tuple[int, int]], shape: tuple[int, int]) -> np.ndarray[Any, Any]:
    """The tolerance of a table of ones, of which exp(0) at some places moves by 16 units."""

    def table(x: Tensor) -> Tensor:
        found = torch.ones(shape, dtype=torch.float64)
        for place in places:
            found[place] = torch.exp(x)
        return found

    return moved(table, 0.0) / DOUBLE.unit


def test_an_entry_that_does_not_move_is_allowed_half_of_what_its_row_moves_by() -> None:
    """In the root of the mean square: one of two moves."""
    found = beside_constants([(0, 0)], (1, 2))
    assert found[0, 0] == pytest.approx(2 * 16 + 4, rel=0.01)
    assert found[0, 1] == pytest.approx(2 * 0.25 * 16 / 2**0.5 + 4, rel=0.01)


def test_in_a_table_its_row_and_its_column_count_over_all() -> None:
    """Half of each and three quarters of all move: a third of the mean square."""
    found = beside_constants([(0, 0), (0, 1), (1, 0)], (2, 2))
    assert found[1, 1] == pytest.approx(2 * 0.25 * 16 / 3**0.5 + 4, rel=0.01)


def test_where_its_row_does_not_move_an_entry_is_allowed_its_own_rounding() -> None:
    assert beside_constants([(0, 0), (0, 1)], (2, 2))[1, 0] == pytest.approx(4, rel=0.01)
