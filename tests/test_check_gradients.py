"""check_gradients: what it takes, the order in which it judges, and what it says of itself."""

import pickle
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.optimize import rosen, rosen_der
from torch import Tensor

import manual_backprop
from autograd_ref import GradientMismatch, assert_gradients_match, check_gradients
from autograd_ref.report.report import Report
from autograd_ref.tree.leaf import as_array
from autograd_ref.tree.nest import leaves, name_of
from manual_backprop import NetworkShape, Parameters, initialize

A = NDArray[Any]
RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(7, 3)), RANDOM.normal(size=(7, 2))
W, B = RANDOM.normal(size=(2, 3)), RANDOM.normal(size=2)

NETWORK = initialize(NetworkShape(4, 5, 3), seed=0, std=0.5)
NETWORK_X, LABELS = RANDOM.normal(size=(8, 4)), RANDOM.integers(0, 3, 8)


class Pair(NamedTuple):
    W: Any
    b: Any


@dataclass
class Held:
    W: Any
    b: Any


def loss(p: Any, X: Tensor, Y: Tensor) -> Tensor:
    """Linear regression, for any container with W and b in this order."""
    W, b = leaves(p).values()
    return ((X @ W.T + b - Y) ** 2).mean()


def blocks(p: Any, X: A, Y: A) -> tuple[A, A]:
    W, b = (as_array(leaf) for leaf in leaves(p).values())
    delta = ((X @ W.T + b - Y) * (2 / Y.size)).astype(X.dtype)
    return delta.T @ X, delta.sum(0)


def by_name(p: Any, X: A, Y: A) -> dict[str, A]:
    W, b = blocks(p, X, Y)
    return {"W": W, "b": b}


def kinds(report: Report) -> list[str]:
    return [note.kind for note in (*report.findings, *report.warnings)]


def verdicts(report: Report) -> dict[str, str]:
    return {block.name: block.verdict for block in report.blocks}


# what it takes


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("parameters", "gradients"),
    [
        ({"W": W, "b": B}, by_name),
        ({"W": W, "b": B}, lambda *a: dict(reversed(by_name(*a).items()))),
        (Pair(W, B), lambda *a: Pair(*blocks(*a))),
        (Pair(W, B), by_name),
        (Held(W, B), lambda *a: Held(*blocks(*a))),
        (Held(W, B), by_name),
        ([W, B], lambda *a: list(blocks(*a))),
        ([W, B], blocks),
        ((W, B), lambda *a: (0.5 * 0 + float(loss_by_hand(*a)), blocks(*a))),
        ({"W": W, "b": B}, lambda *a: {k: torch.from_numpy(v) for k, v in by_name(*a).items()}),
        ({"W": torch.from_numpy(W), "b": torch.from_numpy(B)}, by_name),
        ([[Pair(W, None)], B], lambda *a: [[Pair(blocks(*a)[0], None)], blocks(*a)[1]]),
    ],
)
def test_any_nest_of_arrays_is_checked(parameters: Any, gradients: Any) -> None:
    report = check_gradients(gradients, parameters, X, Y, loss=loss)
    assert report.verdict == "match", report
    assert [block.name for block in report.blocks] == [name_of(path) for path in leaves(parameters)]
    assert not kinds(report)


def loss_by_hand(p: Any, X: A, Y: A) -> float:
    W, b = leaves(p).values()
    return float(((X @ W.T + b - Y) ** 2).mean())


@pytest.mark.parametrize(
    "parameters",
    [NETWORK, NETWORK._asdict(), dict(reversed(NETWORK._asdict().items()))],
)
@pytest.mark.parametrize("Y", [LABELS, np.eye(3)[LABELS]])
def test_without_a_loss_it_is_the_assignments_network(parameters: Any, Y: A) -> None:
    def gradients(p: Any, X: A, Y: A) -> Any:
        as_parameters = Parameters(**p) if isinstance(p, dict) else Parameters(*p)
        found = manual_backprop.loss_and_gradients(as_parameters, X, Y)[1]
        return found._asdict() if isinstance(p, dict) else found

    report = check_gradients(gradients, parameters, NETWORK_X, Y)
    assert report.verdict == "match", report
    assert "built-in network" in report.reference


def test_four_arrays_in_a_row_are_those_of_the_network() -> None:
    def gradients(p: Any, X: A, Y: A) -> Any:
        return list(manual_backprop.loss_and_gradients(Parameters(*p), X, Y)[1])

    report = check_gradients(gradients, tuple(NETWORK), NETWORK_X, LABELS)
    assert report.verdict == "match"
    assert [block.name for block in report.blocks] == ["[0]", "[1]", "[2]", "[3]"]


@pytest.mark.untraced
def test_scipys_convention_with_a_loss_in_numpy() -> None:
    x = RANDOM.normal(size=6)
    report = check_gradients(rosen_der, x, loss=rosen)
    assert report.verdict == "match"
    assert "numerical" in report.reference
    assert (report.blocks[0].resolution or 1) < 1e-9
    wrong = check_gradients(lambda x: rosen_der(x) * (1 + 1e-8), x, loss=rosen)
    assert wrong.verdict == "mismatch"


def test_a_numpy_loss_that_keeps_no_long_double_is_a_reference_too() -> None:
    def loss(w: A, X: A) -> float:
        return float(np.logaddexp(X @ w, 0.0).sum())

    def gradients(w: A, X: A) -> tuple[float, A]:
        return loss(w, X), X.T @ (1 / (1 + np.exp(-(X @ w))))

    w = np.array([0.3, 0.0, -1.0])
    assert check_gradients(gradients, w, X, loss=loss).verdict == "match"
    wrong = check_gradients(lambda w, X: gradients(w, X)[1] * (1 + 1e-7), w, X, loss=loss)
    assert wrong.verdict == "mismatch"
    assert wrong.witness is not None
    assert wrong.witness.side == "hand"


def test_without_a_wider_long_double_a_numpy_loss_is_evaluated_in_float64(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As on machines where np.longdouble is float64."""

    def loss(w: A) -> Any:
        return np.exp(w).sum()

    w = np.array([1.0, 2.0])
    wide = check_gradients(np.exp, w, loss=loss)
    monkeypatch.setattr(np, "longdouble", np.float64)
    plain = check_gradients(np.exp, w, loss=loss)
    assert plain.verdict == wide.verdict == "match"
    assert "numerical" in plain.reference
    assert (plain.blocks[0].resolution or 0) > 1e-13


def test_data_without_arrays_have_no_samples() -> None:
    report = check_gradients(
        lambda w, *_: 2 * w,
        np.ones(3),
        {"name": 1},
        np.float64(2),
        loss=lambda w, *_: (w * w).sum(),
    )
    assert report.verdict == "match"
    assert not kinds(report)


def test_a_numpy_loss_that_refuses_long_double_is_evaluated_in_float64() -> None:
    def loss(w: A) -> Any:
        if w.dtype != np.float64:
            raise TypeError("float64 only")
        return np.array([(w**3).sum()])

    assert check_gradients(lambda w: 3 * w**2, np.array([1.0, 2.0]), loss=loss).verdict == "match"


def test_python_numbers_and_integers_are_parameters_too() -> None:
    def loss(p: Any) -> Tensor:
        return p["a"] ** 2 * p["n"]

    def gradients(p: Any) -> Any:
        return {"a": 2 * p["a"] * p["n"], "n": float(p["a"] ** 2)}

    report = check_gradients(gradients, {"a": 1.5, "n": 3}, loss=loss)
    assert report.verdict == "match", report
    assert kinds(report) == ["integer parameters"]


def test_torchs_softplus_is_exact_in_the_reference_however_it_is_called() -> None:
    """At its default threshold PyTorch is wrong by 2e-9 just above 20."""
    z = np.array([20.5, 25.0, -3.0])

    def gradients(z: A) -> A:
        return 1 / (1 + np.exp(-z))

    softplus = torch.nn.functional.softplus
    for loss in (
        lambda z: softplus(z).sum(),
        lambda z: softplus(z, 1, 20).sum(),
        lambda z: softplus(input=z, beta=1).sum(),
        lambda z: torch.nn.Softplus()(z).sum(),
    ):
        report = check_gradients(gradients, z, loss=loss)
        assert report.verdict == "match", report


def test_tensors_that_a_loss_makes_are_float64_and_the_default_comes_back() -> None:
    def loss(w: Tensor) -> Tensor:
        return (torch.eye(2) @ w + torch.tensor(0.1)).pow(2).sum()

    w = np.array([1.0, 2.0])
    assert check_gradients(lambda w: 2 * (w + 0.1), w, loss=loss).verdict == "match"
    assert torch.get_default_dtype() == torch.float32


def test_other_data_are_passed_on_as_they_are() -> None:
    def loss(w: Tensor, options: dict[str, Any]) -> Tensor:
        assert options["name"] == "cube"
        return (options["c"] * w ** options["power"]).sum()

    def gradients(w: A, options: dict[str, Any]) -> A:
        return options["c"] * options["power"] * w ** (options["power"] - 1)

    options = {"name": "cube", "power": 3, "c": np.array([1.0, 2.0])}
    w = np.array([1.0, 2.0])
    assert check_gradients(gradients, w, options, loss=loss).verdict == "match"


def test_masks_and_whole_numbers_in_the_data_stay_what_they_are() -> None:
    def loss(w: Tensor, data: dict[str, Tensor]) -> Tensor:
        assert data["mask"].dtype == torch.bool
        assert data["counts"].dtype == torch.int64
        return (w[data["mask"]] * data["counts"]).sum()

    def gradients(w: A, data: dict[str, A]) -> A:
        found = np.zeros_like(w)
        found[data["mask"]] = data["counts"]
        return found

    data = {"mask": np.array([True, False, True]), "counts": np.array([2, 5], dtype=np.uint8)}
    report = check_gradients(gradients, np.array([1.0, 2.0, 3.0]), data, loss=loss)
    assert report.verdict == "match", report


def test_a_numpy_loss_of_several_parameters_that_changes_its_arguments() -> None:
    def loss(p: Any) -> Any:
        value = (p["a"] ** 2).sum() * p["b"]
        p["a"][:] = 0
        return value

    def gradients(p: Any) -> Any:
        return {"a": 2 * p["a"] * p["b"], "b": np.asarray((p["a"] ** 2).sum())}

    parameters = {"a": np.array([1.0, -2.0]), "b": np.array(0.5)}
    assert check_gradients(gradients, parameters, loss=loss).verdict == "match"


def test_a_loss_in_numpy_that_tensors_pass_through_is_numpys_all_the_same() -> None:
    def loss(w: Any, X: Any) -> Any:
        return np.logaddexp(0, X @ w).sum() + 0.5 * w @ w

    def gradients(w: A, X: A) -> A:
        return X.T @ (1 / (1 + np.exp(-(X @ w)))) + w

    report = check_gradients(gradients, np.array([0.3, 0.0, -1.0]), X, loss=loss)
    assert report.verdict == "match"
    assert "numerical" in report.reference


def test_what_numpy_says_of_a_wrong_numpy_loss_comes_through() -> None:
    def loss(w: Any, X: Any) -> Any:
        return np.logaddexp(0, X @ w).reshape(99).sum()

    with pytest.raises(ValueError, match="cannot reshape array of size 7"):
        _ = check_gradients(lambda w, X: w, np.ones(3), X, loss=loss)


# the order of events


def test_the_loss_is_judged_and_a_wrong_one_is_a_mismatch() -> None:
    report = check_gradients(
        lambda *a: (2 * loss_by_hand(*a), by_name(*a)), {"W": W, "b": B}, X, Y, loss=loss
    )
    assert report.loss is not None
    assert report.loss.verdict == "mismatch"
    assert verdicts(report) == {"W": "match", "b": "match"}
    assert report.verdict == "mismatch"


@pytest.mark.parametrize("value", [np.zeros(3), np.array("one"), 1j])
def test_a_loss_that_is_no_number_is_a_mismatch(value: Any) -> None:
    report = check_gradients(
        lambda *a: (np.asarray(value), by_name(*a)), {"W": W, "b": B}, X, Y, loss=loss
    )
    assert report.loss is not None
    assert "it needs one real number" in report.loss.reason
    assert verdicts(report) == {"W": "match", "b": "match"}


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda W: None, "is missing: gradients returned a dict with W, b"),
        (lambda W: W.T, r"has shape (3, 2); it needs (2, 3)"),
        (lambda W: W[np.newaxis], "has shape (1, 2, 3); it needs (2, 3)"),
        (lambda W: W.sum(), "has shape (); it needs (2, 3)"),
        (lambda W: W.astype("f4"), "has dtype float32; it needs float64"),
        (lambda W: W.astype(complex), "has dtype complex128; it needs float64"),
        (lambda W: W.astype(object), "has dtype object; it needs float64"),
        (lambda W: np.where(W[1, 2] == W, np.nan, W), "is nan at [1, 2]"),
        (lambda W: W * (1 + 1e-11), "times its tolerance"),
    ],
)
def test_every_block_is_judged_by_structure_shape_dtype_finiteness_closeness(
    change: Any, reason: str
) -> None:
    """And the other block is judged all the same, here for an error of its own."""

    def gradients(*arguments: Any) -> Any:
        W, b = blocks(*arguments)
        return {"W": change(W), "b": 2 * b}

    report = check_gradients(gradients, {"W": W, "b": B}, X, Y, loss=loss)
    assert verdicts(report) == {"W": "mismatch", "b": "mismatch"}
    expected = reason.replace("W, b", "b") if "missing" in reason else reason
    assert expected in report.blocks[0].reason
    worst = report.blocks[1]
    assert worst.worst_index is not None
    right = blocks({"W": W, "b": B}, X, Y)[1][worst.worst_index]
    assert worst.reference == pytest.approx(right)
    assert worst.hand == pytest.approx(2 * right)
    assert worst.max_abs_error == pytest.approx(np.abs(blocks({"W": W, "b": B}, X, Y)[1]).max())
    assert worst.tolerance is not None
    assert 0 < worst.tolerance < 1e-13


@pytest.mark.untraced
@pytest.mark.parametrize("returned", [None, {}, W, "text", {"V": W, "c": B}])
def test_what_is_no_gradient_at_all_is_missing(returned: Any) -> None:
    report = check_gradients(lambda *a: returned, {"W": W, "b": B}, X, Y, loss=loss)
    assert all("is missing: gradients returned" in block.reason for block in report.blocks)
    assert report.witness is None


def test_an_unknown_name_is_a_warning() -> None:
    report = check_gradients(lambda *a: {**by_name(*a), "z1": W}, {"W": W, "b": B}, X, Y, loss=loss)
    assert report.verdict == "match"
    assert kinds(report) == ["unknown names"]


# what it says of itself


def check_W(parameters: Any, *data: Any, loss: Any = loss) -> Report:
    return check_gradients(by_name, parameters, *data, loss=loss)


def test_one_sample_and_symmetric_matrices_are_warned_of() -> None:
    """A square matrix that is not symmetric has other values than its transpose."""
    square = W[:, :2]
    for found, expected in (
        (square, ["one sample"]),
        (square + square.T, ["one sample", "square"]),
    ):
        report = check_W({"W": found, "b": B}, X[:1, :2], Y[:1])
        assert report.verdict == "match"
        assert kinds(report) == expected


@pytest.mark.parametrize(
    "data", [(np.ones(1),), (), (np.ones((1, 3)), np.ones(2)), (np.ones((2, 1)),)]
)
def test_data_that_are_no_batch_of_one_are_not_warned_of(data: Any) -> None:
    report = check_gradients(
        lambda w, *d: 2 * w * sum(x.sum() for x in d) + 1,
        np.array([0.7, 0.3]),
        *data,
        loss=lambda w, *d: (w**2).sum() * sum(x.sum() for x in d) + w.sum(),
    )
    assert report.verdict == "match", report
    assert kinds(report) == []


def test_parameters_of_zeros_are_warned_of() -> None:
    assert "zero parameters" in kinds(check_W({"W": 0 * W, "b": 0 * B}, X, Y))


def test_a_loss_that_ignores_a_parameter_leaves_it_open() -> None:
    def ignores_b(p: Any, X: Tensor, Y: Tensor) -> Tensor:
        return ((X @ p["W"].T - Y) ** 2).mean()

    def gradients(p: Any, X: A, Y: A) -> Any:
        return {"W": blocks({"W": p["W"], "b": 0 * p["b"]}, X, Y)[0], "b": 0 * p["b"]}

    report = check_gradients(gradients, {"W": W, "b": B}, X, Y, loss=ignores_b)
    assert verdicts(report) == {"W": "match", "b": "inconclusive"}
    assert report.verdict == "inconclusive"
    assert kinds(report) == ["zero reference"]


def test_a_loss_that_ignores_all_parameters_leaves_all_open() -> None:
    report = check_gradients(lambda w: 0 * w, np.array([1.0]), loss=lambda w: torch.tensor(3.0))
    assert verdicts(report) == {"gradient": "inconclusive"}


def test_parameters_of_two_formats_are_judged_as_the_coarser() -> None:
    def gradients(p: Any, X: A, Y: A) -> Any:
        return {"W": blocks(p, X, Y)[0], "b": blocks(p, X, Y)[1].astype("f4")}

    report = check_gradients(gradients, {"W": W, "b": B.astype("f4")}, X, Y, loss=loss)
    assert report.verdict == "match", report
    assert kinds(report) == ["mixed dtypes"]


def test_a_float32_gradient_is_judged_on_the_same_float32_values() -> None:
    single = {"W": W.astype("f4"), "b": B.astype("f4")}
    report = check_W(single, X.astype("f4"), Y.astype("f4"))
    assert report.verdict == "match", report
    assert all(1e-8 < (block.resolution or 0) < 1e-3 for block in report.blocks)


def test_nothing_of_the_users_is_changed_and_nothing_is_random() -> None:
    def spoils(p: Any, X: A, Y: A) -> Any:
        found = by_name(p, X, Y)
        p["W"][:] = 0
        X[:] = 0
        return found

    parameters, data = {"W": W.copy(), "b": B.copy()}, (X.copy(), Y.copy())
    first = check_gradients(spoils, parameters, *data, loss=loss)
    assert np.array_equal(parameters["W"], W)
    assert np.array_equal(data[0], X)
    assert kinds(first) == ["changes its arguments"]
    again = check_gradients(spoils, parameters, *data, loss=loss, seed=0)
    assert first.blocks == again.blocks
    other = check_gradients(spoils, parameters, *data, loss=loss, seed=1)
    assert first.blocks != other.blocks


def test_an_exception_of_the_function_under_test_comes_through() -> None:
    def fails(*_arguments: Any) -> Any:
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        _ = check_gradients(fails, W, X, loss=lambda W, X: (X @ W.T).sum())


def test_an_exception_of_the_loss_comes_through() -> None:
    def fails(*_arguments: Any) -> Any:
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        _ = check_gradients(by_name, {"W": W, "b": B}, X, Y, loss=fails)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((by_name, {}, X, Y), TypeError, "parameters holds no array"),
        (
            ("text", {"W": W}, X, Y),
            TypeError,
            "gradients is of type str; it needs to be a function",
        ),
        ((by_name, {"W": "text"}, X), TypeError, "W is of type str and dtype <U4"),
        ((by_name, {"W": [True]}, X), TypeError, r"W\[0\] is of type bool"),
        ((by_name, {"W": W * np.nan}, X), ValueError, r"W\[0, 0\] is nan; it needs to be finite"),
    ],
)
def test_arguments_that_cannot_be_used_are_named(
    arguments: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        _ = check_gradients(*arguments, loss=loss)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (3, "loss is of type int; it needs to be a function"),
        (lambda w: "text", "loss is <lambda>, and it returned the string 'text'; it needs"),
        (lambda w: None, r"it returned None \(is a return missing\?\); it needs"),
        (lambda w: w, r"it returned an array of shape \(3,\) \(is a sum or a mean missing\?\)"),
        (lambda w: torch.complex(w.sum(), w.sum()), "complex"),
    ],
)
def test_a_loss_that_is_none_is_named(loss: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        _ = check_gradients(lambda w: w, np.ones(3), loss=loss)


@pytest.mark.parametrize(
    ("parameters", "data", "error", "message"),
    [
        ({"W": W, "b": B}, (X, Y), TypeError, "parameters has the leaves W, b; without loss="),
        (
            NETWORK,
            (NETWORK_X,),
            TypeError,
            "data has 1 items; without loss= it needs to be X and Y",
        ),
        (NETWORK, (NETWORK_X[:, :3], LABELS), ValueError, "X has shape"),
        (NETWORK, (NETWORK_X, LABELS + 7), ValueError, "Y"),
        (NETWORK._replace(b0=NETWORK.b0[:2]), (NETWORK_X, LABELS), ValueError, "b0 has shape"),
    ],
)
def test_what_is_not_the_assignments_network_is_named(
    parameters: Any, data: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        _ = check_gradients(manual_backprop.loss_and_gradients, parameters, *data)


def test_integers_and_other_formats_are_judged_on_float64_copies_of_the_network() -> None:
    integers = Parameters(*(np.sign(block).astype(int) for block in NETWORK))

    def gradients(p: Any, X: A, Y: A) -> Any:
        wide = Parameters(*(block.astype(float) for block in p))
        return manual_backprop.loss_and_gradients(wide, X, Y)

    report = check_gradients(gradients, integers, NETWORK_X, LABELS)
    assert report.verdict == "match", report
    assert kinds(report) == ["integer parameters"]


# the assertion


@pytest.mark.untraced
def test_the_assertion_passes_a_match_on_and_raises_the_rest() -> None:
    parameters = {"W": W, "b": B}
    assert assert_gradients_match(by_name, parameters, X, Y, loss=loss).verdict == "match"
    with pytest.raises(GradientMismatch) as caught:
        _ = assert_gradients_match(
            lambda *a: {**by_name(*a), "b": -by_name(*a)["b"]}, parameters, X, Y, loss=loss
        )
    assert isinstance(caught.value, AssertionError)
    assert str(caught.value) == str(caught.value.report)
    assert verdicts(caught.value.report) == {"W": "match", "b": "mismatch"}
    zero = {"W": W, "b": B}
    with pytest.raises(GradientMismatch, match="Inconclusive"):
        _ = assert_gradients_match(
            lambda *a: {"W": 0 * W, "b": 0 * B}, zero, X, Y, loss=lambda p, X, Y: torch.tensor(1.0)
        )


def test_report_and_exception_survive_pickling() -> None:
    report = check_gradients(
        lambda *a: {**by_name(*a), "b": -by_name(*a)["b"]}, {"W": W, "b": B}, X, Y, loss=loss
    )
    again = pickle.loads(pickle.dumps(report))
    assert again.blocks == report.blocks
    assert again.to_dict() == report.to_dict()
    error = pickle.loads(pickle.dumps(GradientMismatch(report)))
    assert str(error) == str(report)


def squares(w: Tensor) -> Tensor:
    return (w**2).sum()


def twice(w: A) -> A:
    return 2 * w


@pytest.mark.parametrize("by_torch", [True, False])
def test_a_loss_that_draws_at_random_is_named(*, by_torch: bool) -> None:
    random = np.random.default_rng(0)

    def dropped_out(w: Any) -> Any:
        kept = random.random(3) < 0.5
        return (w * (torch.as_tensor(kept) if by_torch else kept)).sum() ** 2

    with pytest.raises(ValueError, match=r"returned .* and then .*; it needs to be the same fu"):
        _ = check_gradients(twice, np.array([1.0, 2.0, 4.0]), loss=dropped_out)


def test_a_module_in_float32_inside_the_loss_is_told_what_it_needs() -> None:
    net = torch.nn.Linear(3, 1)

    def outside(w: Tensor) -> Tensor:
        return (net.weight.detach() @ w).sum()

    with pytest.raises(RuntimeError) as raised:
        _ = check_gradients(twice, np.ones(3), loss=outside)
    assert "needs to be in float64 as well" in raised.value.__notes__[0]


@pytest.mark.parametrize("dtype", [">f8", ">f4", "<f8"])
def test_parameters_may_have_any_order_of_bytes(dtype: str) -> None:
    report = check_gradients(twice, np.array([1.0, 2, 3], dtype=dtype), loss=squares)
    assert report.verdict == "match", report


def test_data_may_be_complex() -> None:
    Z = np.array([[1, 1j], [2, 3]])

    def loss(w: Tensor, Z: Tensor) -> Tensor:
        return (Z @ w.to(torch.complex128)).abs().pow(2).sum()

    report = check_gradients(
        lambda w, Z: 2 * np.real(Z.conj().T @ (Z @ w)), np.ones(2), Z, loss=loss
    )
    assert report.verdict == "match", report


@pytest.mark.untraced
@pytest.mark.parametrize("scale", [1e-200, 1e100, 1e160])
@pytest.mark.parametrize("wrong", [1.0, 1.1])
def test_sizes_near_the_ends_of_the_number_format_warn_of_nothing(
    scale: float, wrong: float
) -> None:
    """Squares of them overflow, or vanish; warnings are errors in this suite."""

    def tilted(w: Tensor, X: Tensor) -> Tensor:
        return scale * torch.tanh(X @ w).sum()

    def gradients(w: A, X: A) -> A:
        return wrong * scale * (X.T @ (1 - np.tanh(X @ w) ** 2))

    report = check_gradients(gradients, W[0], X, loss=tilted)
    assert report.verdict == ("match" if wrong == 1 else "mismatch"), report
    assert report.witness is None or report.witness.side == "hand"


def test_an_overflow_at_a_point_that_nobody_asked_for_is_no_warning() -> None:
    def gradients(w: A, X: A) -> A:
        return X.T @ (1 / (1 + np.exp(-X @ w)))

    def loss(w: Tensor, X: Tensor) -> Tensor:
        return torch.nn.functional.softplus(X @ w).sum()

    report = check_gradients(gradients, np.zeros(3), 1e5 * X, loss=loss)
    assert report.verdict == "match", report


def of_distances(X: A) -> A:
    return 2 * np.array([sum((a - b) / (np.linalg.norm(a - b) or 1) for b in X) for a in X])


def of_partial_likelihood(x: A) -> A:
    """Cox's: every event belongs to all that were at risk."""
    return np.exp(x) * np.cumsum((1 / np.cumsum(np.exp(x)))[::-1])[::-1]


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("gradients", "loss", "at"),
    [
        (of_distances, lambda X: torch.cdist(X, X).sum(), RANDOM.normal(size=(5, 2))),
        (of_partial_likelihood, lambda x: torch.logcumsumexp(x, 0).sum(), RANDOM.normal(size=6)),
    ],
    ids=["distances", "partial likelihood"],
)
def test_distances_of_zero_and_running_sums_are_not_disturbed(
    gradients: Any, loss: Any, at: A
) -> None:
    """A distance of zero that rounding moved would have a slope."""
    report = check_gradients(gradients, at, loss=loss)
    assert report.verdict == "match", report
    assert (report.blocks[0].resolution or 1) < 1e-12
    assert check_gradients(lambda x: 1.0001 * gradients(x), at, loss=loss).verdict == "mismatch"


def test_a_loss_may_differentiate_inside() -> None:
    """As a gradient penalty does, or a physics-informed network."""

    def loss(w: Tensor, X: Tensor) -> Tensor:
        (slope,) = torch.autograd.grad(torch.tanh(X @ w).sum(), w, create_graph=True)
        return (slope**2).sum()

    def gradients(w: A, X: A) -> A:
        t = np.tanh(X @ w)
        s = 1 - t**2
        return 2 * X.T @ ((X @ (X.T @ s)) * (-2 * t * s))

    assert check_gradients(gradients, W[0], X, loss=loss).verdict == "match"


@pytest.mark.parametrize("mode", [torch.inference_mode, torch.no_grad])
def test_what_the_caller_has_switched_off_is_on_inside(mode: Any) -> None:
    with mode():
        assert check_gradients(twice, np.ones(3), loss=squares).verdict == "match"
        wrong = check_gradients(lambda w: 3 * w, np.ones(3), loss=squares)
    assert wrong.witness is not None
    assert wrong.witness.side == "hand"


@pytest.mark.parametrize(
    "given",
    [torch.device("cpu"), torch.float64, {"device": torch.device("cpu"), "n": 3}, np.float32],
)
def test_a_device_or_a_dtype_is_no_tensor(given: Any) -> None:
    def loss(w: Tensor, _given: Any) -> Tensor:
        return squares(w)

    report = check_gradients(lambda w, _given: 2 * w, np.ones(3), given, loss=loss)
    assert report.verdict == "match"


@pytest.mark.untraced
@pytest.mark.parametrize("factor", [1.0, 1.5])
def test_sparse_gradients_and_matrices_are_judged_like_any(factor: float) -> None:
    rows = RANDOM.integers(0, 2, 20)
    verdict = "match" if factor == 1 else "mismatch"

    def embedded(E: Tensor, rows: Tensor) -> Tensor:
        return (torch.nn.functional.embedding(rows, E, sparse=True) ** 2).sum()

    def counted(E: A, rows: A) -> A:
        return factor * 2 * E * np.bincount(rows, minlength=len(E))[:, None]

    assert check_gradients(counted, W, rows, loss=embedded).verdict == verdict

    def by_sparse(E: A, rows: A) -> Tensor:
        return torch.from_numpy(counted(E, rows)).to_sparse()

    assert check_gradients(by_sparse, W, rows, loss=embedded).verdict == verdict

    def multiplied(V: Tensor, X: Tensor) -> Tensor:
        return (torch.sparse.mm(X.to_sparse(), V) ** 2).sum()

    report = check_gradients(lambda V, X: factor * 2 * X.T @ (X @ V), W.T, X, loss=multiplied)
    assert report.verdict == verdict


@pytest.mark.untraced
def test_probabilities_that_are_validated_are_no_obstacle_in_float32() -> None:
    labels = RANDOM.integers(0, 2, 7)

    def loss(W: Tensor, X: Tensor, y: Tensor) -> Tensor:
        drawn = torch.distributions.Categorical(probs=torch.softmax(X @ W.T, 1))
        return -drawn.log_prob(y).mean()

    def gradients(W: A, X: A, y: A) -> A:
        z = X @ W.T
        p = np.exp(z - z.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        return ((p - np.eye(2, dtype="f4")[y]) / np.float32(len(y))).T @ X

    narrow = W.astype("f4"), X.astype("f4"), labels
    assert check_gradients(gradients, *narrow, loss=loss).verdict == "match"
    wrong = check_gradients(lambda *a: gradients(*a) * np.float32(1.01), *narrow, loss=loss)
    assert wrong.verdict == "mismatch"


@pytest.mark.untraced
def test_what_is_looked_up_by_a_rounded_number_hides_nothing() -> None:
    """Linear interpolation in a table whose first value is nearly fixed."""
    t = RANDOM.uniform(0, 6.99, 50)
    table = np.array([1.0, 1, -2, 1.5, 3, -1, 2, 1])

    def loss(v: Tensor, t: Tensor, anchor: float) -> Tensor:
        i = torch.floor(t).long()
        w = t - i
        return (((1 - w) * v[i] + w * v[i + 1]) ** 2).sum() + anchor * v[0] ** 2

    def gradients(v: A, t: A, anchor: float, by: float = 1.0) -> A:
        i = np.floor(t).astype(int)
        w = t - i
        e = 2 * ((1 - w) * v[i] + w * v[i + 1])
        found = np.zeros_like(v)
        np.add.at(found, i, e * (1 - w))
        np.add.at(found, i + 1, e * w)
        found[0] += 2 * anchor * v[0]
        found[6] *= by
        return found

    for anchor in (0.0, 1e4):
        assert check_gradients(gradients, table, t, anchor, loss=loss).verdict == "match"
        wrong = check_gradients(
            lambda v, t, anchor: gradients(v, t, anchor, 1.3), table, t, anchor, loss=loss
        )
        assert wrong.verdict == "mismatch"


def test_where_only_the_dtype_is_wrong_nobody_asks_who_is() -> None:
    report = check_gradients(lambda w: 2 * w.astype("f8"), np.array([1, 2, 3], "f4"), loss=squares)
    assert report.verdict == "mismatch"
    assert report.blocks[0].reason == (
        "has dtype float64; it needs float32, with which its values agree"
    )
    assert report.witness is None
    other = check_gradients(lambda w: 3 * w.astype("f8"), np.ones(3, "f4"), loss=squares)
    assert other.blocks[0].reason == "has dtype float64; it needs float32"
    strange = check_gradients(lambda w: 2j * w, np.ones(3, "f4"), loss=squares)
    assert strange.blocks[0].reason == "has dtype complex64; it needs float32"


def test_a_block_that_the_first_look_explains_is_not_looked_at_again() -> None:
    """A wider tolerance for another block does not make this one inconclusive."""
    wrong = check_gradients(
        lambda p, X, Y: {"W": 2 * by_name(p, X, Y)["W"], "b": by_name(p, X, Y)["b"]},
        {"W": W, "b": B},
        X,
        Y,
        loss=loss,
    )
    right = check_gradients(by_name, {"W": W, "b": B}, X, Y, loss=loss)
    assert wrong.blocks[1] == right.blocks[1]


def test_softplus_keeps_its_scale_however_it_is_given() -> None:
    softplus = torch.nn.functional.softplus
    for loss in (lambda z: softplus(z, 2).sum(), lambda z: softplus(z, beta=2.0).sum()):
        report = check_gradients(lambda z: 1 / (1 + np.exp(-2 * z)), np.array([0.3, -1]), loss=loss)
        assert report.verdict == "match"


def test_formats_of_few_digits_are_judged_by_their_own() -> None:
    by_two = torch.tensor([1.0, -2.0, 0.5], dtype=torch.bfloat16)
    assert check_gradients(twice, by_two, loss=squares).verdict == "match"
    assert check_gradients(lambda w: 3 * w, by_two, loss=squares).verdict == "mismatch"
    half = np.array([1.0, -2.0, 0.5], dtype=np.float16)
    assert check_gradients(lambda w: np.float16(2) * w, half, loss=squares).verdict == "match"


@pytest.mark.parametrize("by_torch", [True, False])
def test_a_loss_that_changes_in_its_fifth_digit_is_another_function(*, by_torch: bool) -> None:
    calls: list[int] = []

    def drifting(w: Tensor) -> Tensor:
        if not by_torch and isinstance(w, Tensor):
            raise TypeError("arrays only")
        calls.append(1)
        return (w * w).sum() * (1 + 1e-5 * len(calls))

    with pytest.raises(ValueError, match=r"returned .* and then .*; it needs to be the same fu"):
        _ = check_gradients(twice, np.ones(3), loss=drifting)


def test_where_tensors_give_no_loss_and_arrays_an_exception_both_are_told() -> None:
    def loss(w: Tensor) -> str:
        if isinstance(w, Tensor):
            return "text"
        raise KeyError("w")

    message = "it returned the string 'text'; with arrays, it raised KeyError: 'w'; it needs"
    with pytest.raises(TypeError, match=message):
        _ = check_gradients(twice, np.ones(3), loss=loss)


def test_an_error_that_mentions_one_format_only_gets_no_advice_about_two() -> None:
    def loss(_w: Tensor) -> Tensor:
        raise RuntimeError("expected scalar type Double")

    with pytest.raises(RuntimeError) as raised:
        _ = check_gradients(twice, np.ones(3), loss=loss)
    assert not hasattr(raised.value, "__notes__")
