"""Any model: its right gradient is never accused, and a small error in it is found."""

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autograd_ref import check_gradients
from autograd_ref.tree.nest import Path, leaves, name_of, rebuilt
from tests.models import MODELS
from tests.undiagnosed import undiagnosed

DTYPES = [np.float64, np.float32]


def problem(name: str, seed: int, samples: int, dtype: Any) -> tuple[Any, tuple[Any, ...]]:
    parameters, data = MODELS[name].make(np.random.default_rng(seed), samples)

    def cast(_path: Path, leaf: Any) -> Any:
        return leaf.astype(dtype) if leaf.dtype.kind == "f" else leaf

    return rebuilt(parameters, cast), tuple(rebuilt(item, cast) for item in data)


@pytest.mark.long
@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=settings().max_examples // 6)
@given(
    seed=st.integers(0, 2**32 - 1),
    samples=st.one_of(st.integers(2, 30), st.integers(2, 1000)),
    dtype=st.sampled_from(DTYPES),
)
@example(seed=0, samples=1000, dtype=np.float32)
def test_a_right_gradient_is_never_a_mismatch(
    name: str, seed: int, samples: int, dtype: type[np.floating[Any]]
) -> None:
    parameters, data = problem(name, seed, samples, dtype)
    report = check_gradients(MODELS[name].gradients, parameters, *data, loss=MODELS[name].loss)
    assert report.verdict != "mismatch", report
    assert not report.findings


@pytest.mark.untraced
@pytest.mark.parametrize("name", [name for name in MODELS if name != "normal equations"])
def test_a_right_gradient_in_float64_is_a_match(name: str) -> None:
    """Where nothing loses the digits, the answer is not the easy one that nothing can be said."""
    for seed in range(4):
        parameters, data = problem(name, seed, 20, np.float64)
        report = check_gradients(MODELS[name].gradients, parameters, *data, loss=MODELS[name].loss)
        # a ReLU unit that is off for all samples has no gradient
        dead = name == "ReLU" and any(block.reference == 0 for block in report.blocks)
        assert report.verdict == "match" or dead, report


@pytest.mark.untraced
@pytest.mark.parametrize(("dtype", "error"), [(np.float64, 1e-10), (np.float32, 2e-2)])
@pytest.mark.parametrize("name", [name for name in MODELS if name != "normal equations"])
def test_one_block_that_is_scaled_is_found_and_no_other(
    name: str, dtype: type[np.floating[Any]], error: float
) -> None:
    model = MODELS[name]
    parameters, data = problem(name, 3, 20, dtype)
    for scaled in leaves(parameters):

        def gradients(*arguments: Any, scaled: Path = scaled) -> Any:
            def change(path: Path, leaf: Any) -> Any:
                return leaf * leaf.dtype.type(1 + error) if path == scaled else leaf

            return rebuilt(model.gradients(*arguments), change)

        report = undiagnosed(gradients, parameters, *data, loss=model.loss)
        assert [b.name for b in report.blocks if b.verdict == "mismatch"] == [name_of(scaled)]


@pytest.mark.untraced
@pytest.mark.parametrize("name", [name for name in MODELS if name != "normal equations"])
def test_the_largest_entry_alone_is_found(name: str) -> None:
    model = MODELS[name]
    parameters, data = problem(name, 4, 20, np.float64)
    for wrong in leaves(parameters):

        def gradients(*arguments: Any, wrong: Path = wrong) -> Any:
            found = model.gradients(*arguments)
            block = leaves(found)[wrong]
            block[np.unravel_index(np.abs(block).argmax(), block.shape)] *= 1 + 1e-9
            return found

        report = undiagnosed(gradients, parameters, *data, loss=model.loss)
        (found,) = [block for block in report.blocks if block.verdict == "mismatch"]
        assert found.name == name_of(wrong)
        block = leaves(gradients(parameters, *data))[wrong]
        assert abs(found.hand or 0) == np.abs(block).max()
        assert found.worst_index == np.unravel_index(np.abs(block).argmax(), block.shape)


def test_normal_equations_lose_digits_but_are_not_wrong() -> None:
    model = MODELS["normal equations"]
    random = np.random.default_rng(0)
    X, w = random.normal(size=(100, 4)), random.normal(size=4)
    y = X @ w + 1e-9 * random.normal(size=100)
    report = check_gradients(model.gradients, w, X, y, loss=model.loss)
    assert report.verdict == "match", report
    assert report.blocks[0].resolution is not None
    assert 1e-8 < report.blocks[0].resolution < 1e-2


@pytest.mark.untraced
def test_a_lower_precision_inside_is_not_taken_for_noise() -> None:
    """X w in float32 is off by as much as the normal equations of the test above are."""
    model = MODELS["normal equations"]
    random = np.random.default_rng(0)
    X, w = random.normal(size=(100, 4)), random.normal(size=4)
    y = X @ w + 1e-3 * random.normal(size=100)

    def gradients(w: Any, X: Any, y: Any) -> Any:
        return X.T @ (X.astype(np.float32) @ w - y)

    assert check_gradients(gradients, w, X, y, loss=model.loss).verdict == "mismatch"
