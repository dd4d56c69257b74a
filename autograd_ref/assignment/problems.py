"""Hypothesis strategies for the built-in network: shapes, parameters, batches, whole problems.

They are public: draw from them in tests of your own gradient.

    from hypothesis import given
    from autograd_ref.assignment.problems import problems

    @given(problems())
    def test_my_gradient(problem):
        value, gradients = my_loss_and_gradients(*problem)

Arrays never repeat one value to fill themselves up, because equal entries hide transpositions.
"""

from collections.abc import Collection
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from hypothesis.extra import numpy as hnp
from hypothesis.strategies import DrawFn, SearchStrategy
from numpy.typing import NDArray

from manual_backprop.arguments import FLOAT_TYPES
from manual_backprop.parameters import Array, NetworkShape, Parameters, initialize

DType = np.dtype[np.floating[Any]]

Kind = Literal["typical", "free", "saturated", "confident"]
"""Kinds of problems.

typical: parameters from N(0, 0.05) by seed, as the assignment starts.
free: every entry of its own, of any size up to 1000; pre-activations up to 1e4 and beyond.
saturated: every hidden unit far out, |z1| from 40 to 1e4 (from 20 in float32).
confident: b1 puts one output ahead of the others by 20 to 700 (10 to 80 in float32), right or
    wrong; W1 is zero, or typical and moves that a little.
"""

KINDS: tuple[Kind, ...] = get_args(Kind)
FREE_MAGNITUDES = (0.05, 1.0, 30.0, 1000.0)
SATURATED = {np.dtype(np.float64): 40.0, np.dtype(np.float32): 20.0}
MARGINS = {
    np.dtype(np.float64): (20.0, 36.0, 100.0, 700.0),
    np.dtype(np.float32): (10.0, 17.0, 50.0, 80.0),
}


class Problem(NamedTuple):
    """The three positional arguments of `loss_and_gradients`."""

    parameters: Parameters
    X: Array  # (S, N_I)
    Y: NDArray[Any]  # labels (S,), or rows (S, N_O) that sum to one


def distinct_shapes(max_size: int = 6) -> SearchStrategy[NetworkShape]:
    """Shapes whose three dimensions all differ, so that no transposed array fits by chance."""
    if max_size < 3:
        raise InvalidArgument(f"max_size is {max_size}; three different dimensions need at least 3")
    sizes = st.integers(1, max_size)
    return st.lists(sizes, min_size=3, max_size=3, unique=True).map(lambda s: NetworkShape(*s))


def square_shapes(max_size: int = 6) -> SearchStrategy[NetworkShape]:
    """Shapes in which W0, or W1, or both are square."""
    _require_room(max_size)
    sizes = st.integers(1, max_size)
    return st.one_of(
        st.tuples(sizes, sizes).map(lambda s: NetworkShape(s[0], s[0], s[1])),
        st.tuples(sizes, sizes).map(lambda s: NetworkShape(s[0], s[1], s[1])),
        sizes.map(lambda n: NetworkShape(n, n, n)),
    )


def degenerate_shapes(max_size: int = 6) -> SearchStrategy[NetworkShape]:
    """Shapes with one input, one hidden unit, one output, or two outputs."""
    _require_room(max_size)
    sizes = st.integers(1, max_size)
    return st.one_of(
        st.builds(NetworkShape, st.just(1), sizes, sizes),
        st.builds(NetworkShape, sizes, st.just(1), sizes),
        st.builds(NetworkShape, sizes, sizes, st.just(1)),
        st.builds(NetworkShape, sizes, sizes, st.just(min(2, max_size))),
    )


def shapes(max_size: int = 6) -> SearchStrategy[NetworkShape]:
    """All of the above, dimensions from 1 to max_size; three different ones need at least 3."""
    others = (square_shapes(max_size), degenerate_shapes(max_size))
    return st.one_of(distinct_shapes(max_size), *others) if max_size >= 3 else st.one_of(*others)


def dtypes() -> SearchStrategy[DType]:
    """float64 and float32."""
    return st.sampled_from(FLOAT_TYPES)


def parameters(
    shape: NetworkShape, dtype: DType, *, magnitude: float | None = None
) -> SearchStrategy[Parameters]:
    """Parameters from N(0, 0.05) by seed; with a magnitude, every entry free up to +-magnitude."""
    if magnitude is None:
        seeds = st.integers(0, 2**32 - 1)
        return st.builds(initialize, st.just(shape), seeds, dtype=st.just(dtype))
    return st.builds(
        Parameters,
        W0=entries(dtype, (shape.hidden, shape.inputs), magnitude),
        b0=entries(dtype, (shape.hidden,), magnitude),
        W1=entries(dtype, (shape.outputs, shape.hidden), magnitude),
        b1=entries(dtype, (shape.outputs,), magnitude),
    )


def entries(dtype: DType, shape: tuple[int, ...], magnitude: float) -> SearchStrategy[Array]:
    """Arrays of finite numbers up to +-magnitude, each entry drawn for itself."""
    width = 8 * dtype.itemsize
    bound = float(dtype.type(magnitude))
    numbers = st.floats(-bound, bound, width=64 if width == 64 else 32)
    return hnp.arrays(dtype, shape, elements=numbers, fill=st.nothing())


def targets(outputs: int, samples: int, dtype: DType) -> SearchStrategy[NDArray[Any]]:
    """Integer labels (S,), one-hot rows (S, N_O), or soft rows (S, N_O) that sum to one."""
    integer_types = st.sampled_from((np.int64, np.int32, np.uint8))
    labels = integer_types.flatmap(
        lambda kind: hnp.arrays(
            kind, samples, elements=st.integers(0, outputs - 1), fill=st.nothing()
        )
    )
    weights = hnp.arrays(
        np.int64, (samples, outputs), elements=st.integers(0, 1000), fill=st.nothing()
    )
    return st.one_of(
        labels,
        labels.map(lambda found: np.eye(outputs, dtype=dtype)[found]),
        weights.map(lambda found: _as_soft_rows(found, dtype)),
    )


@st.composite
def batches(
    draw: DrawFn, shape: NetworkShape, dtype: DType, *, max_samples: int = 6, magnitude: float = 30
) -> tuple[Array, NDArray[Any]]:
    """X (S, N_I) with entries up to +-magnitude, and Y in one of its three forms; S from 1."""
    samples = draw(st.integers(1, max_samples), label="S")
    X = draw(entries(dtype, (samples, shape.inputs), magnitude), label="X")
    Y = draw(targets(shape.outputs, samples, dtype), label="Y")
    return X, Y


@st.composite
def problems(
    draw: DrawFn,
    *,
    shape: SearchStrategy[NetworkShape] | None = None,
    dtype: SearchStrategy[DType] | None = None,
    kinds: Collection[Kind] = KINDS,
    max_samples: int = 6,
) -> Problem:
    """Return a strategy of parameters, X and Y of the built-in network that fit each other.

    A problem is (parameters, X, Y): W0 (N_H, N_I), b0 (N_H,), W1 (N_O, N_H), b1 (N_O,); X (S, N_I);
    Y labels (S,), or rows (S, N_O) that sum to one.

    Args:
        draw: supplied by Hypothesis.
        shape: a strategy of the dimensions; by default `shapes()`, as far as the kinds allow.
        dtype: a strategy of the number format; by default `dtypes()`.
        kinds: what the problems may be like, see `Kind`.
        max_samples: the largest S.

    Raises:
        InvalidArgument: no kind, an unknown kind, or only confident ones for a shape with a
            single output, which cannot be ahead of another.

    Examples:
        >>> from hypothesis import given, settings
        >>> @settings(max_examples=5)
        ... @given(problems(kinds=["typical"]))
        ... def test_X_has_a_column_for_every_input(problem):
        ...     assert problem.X.shape[1] == problem.parameters.shape.inputs
        >>> test_X_has_a_column_for_every_input()
    """
    if not kinds or not set(kinds) <= set(KINDS):
        raise InvalidArgument(f"kinds is {kinds!r}; it needs one or more of {KINDS}")
    if shape is None:
        only_confident = set(kinds) == {"confident"}
        shape = shapes().filter(lambda s: s.outputs > 1) if only_confident else shapes()
    size = draw(shape, label="shape")
    number = np.dtype(draw(dtypes() if dtype is None else dtype, label="dtype"))
    possible: list[Kind] = [kind for kind in kinds if kind != "confident" or size.outputs > 1]
    if not possible:
        raise InvalidArgument(f"{size} has one output; no problem with it is confident")
    kind = draw(st.sampled_from(possible), label="kind")
    found = draw(_parameters_of_kind(kind, size, number), label="parameters")
    magnitude = 1.0 if kind == "saturated" else 30.0
    X, Y = draw(batches(size, number, max_samples=max_samples, magnitude=magnitude))
    return Problem(found, X, Y)


@st.composite
def large_problems(draw: DrawFn, *, max_size: int = 64, max_samples: int = 500) -> Problem:
    """Typical problems too large to draw entry by entry: all of it comes from one seed."""
    seed = draw(st.integers(0, 2**32 - 1), label="seed")
    dtype = draw(dtypes(), label="dtype")
    random = np.random.default_rng(seed)
    inputs, hidden, outputs = (int(size) for size in random.integers(1, max_size, size=3))
    samples = int(random.integers(1, max_samples))
    return Problem(
        initialize(NetworkShape(inputs, hidden, outputs), seed, dtype=dtype),
        random.normal(size=(samples, inputs)).astype(dtype),
        random.integers(outputs, size=samples),
    )


def _parameters_of_kind(
    kind: Kind, shape: NetworkShape, dtype: DType
) -> SearchStrategy[Parameters]:
    start = parameters(shape, dtype)
    if kind == "typical":
        return start
    if kind == "free":
        magnitudes = st.sampled_from(FREE_MAGNITUDES)
        return magnitudes.flatmap(lambda m: parameters(shape, dtype, magnitude=m))
    if kind == "saturated":
        # N(0, 0.05) weights times inputs of at most 1 stay below N_I
        least = SATURATED[dtype] + shape.inputs
        b0 = _far_out(dtype, shape.hidden, least, 1e4)
        return st.tuples(start, b0).map(lambda both: both[0]._replace(b0=both[1]))
    margin = st.sampled_from(MARGINS[dtype])
    winner = st.integers(0, shape.outputs - 1)
    return st.builds(_with_margin, start, margin, winner, exact=st.booleans())


def _far_out(dtype: DType, size: int, least: float, most: float) -> SearchStrategy[Array]:
    """Entries from least to most in absolute value, of either sign."""
    width = 64 if dtype.itemsize == 8 else 32
    above = st.floats(least, most, width=width)
    return hnp.arrays(dtype, size, elements=above | above.map(lambda x: -x), fill=st.nothing())


def _with_margin(start: Parameters, margin: float, winner: int, *, exact: bool) -> Parameters:
    """One output ahead of all others; exact: by precisely the margin, whatever the input."""
    b1 = np.zeros_like(start.b1)
    b1[winner] = margin
    return start._replace(W1=np.zeros_like(start.W1) if exact else start.W1, b1=b1)


def _as_soft_rows(weights: NDArray[np.int64], dtype: DType) -> Array:
    """Rows in proportion to the weights that sum to one; equal entries where all weights are 0."""
    positive = np.where(weights.any(axis=1, keepdims=True), weights, 1)
    return (positive / positive.sum(axis=1, keepdims=True)).astype(dtype)


def _require_room(max_size: int) -> None:
    if max_size < 1:
        raise InvalidArgument(f"max_size is {max_size}; a dimension is at least 1")
