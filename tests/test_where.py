"""Where a check is made: at further points, and of some blocks only."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from autograd_ref import check_gradients, check_hessian, check_hvp, check_jacobian
from autograd_ref.calls.stated.asked_blocks import unasked
from autograd_ref.report.report import Report
from autograd_ref.tree.nest import name_of

x = np.array([1.0, 2.0])


def cubes(x: Any) -> Any:
    return (x**3).sum()


def wrong_beyond(five: float, part: float) -> Callable[[Any], Any]:
    """The gradient of cubes, off by a part of it where an entry is larger than five."""
    return lambda x: 3 * x**2 * (1 + part * (x > five))


def test_a_gradient_is_judged_to_the_last_digit_at_every_point_given() -> None:
    off = wrong_beyond(5, 1e-12)
    assert check_gradients(off, x, loss=cubes).verdict == "match"
    assert check_gradients(off, x, loss=cubes, at=[[4.0, 3.0]]).verdict == "match"
    report = check_gradients(off, x, loss=cubes, at=[[4.0, 3.0], [7.0, 1.0]])
    assert report.verdict == "mismatch"
    assert report.blocks[0].reason.startswith("agrees here, but at the point at[1] it differs")
    assert report.blocks[0].worst_index == (0,)
    assert not report.findings


def test_the_mistake_is_named_at_a_further_point() -> None:
    report = check_gradients(wrong_beyond(5, 1.0), x, loss=cubes, at=[[7.0, 8.0]])
    assert [cause.kind for cause in report.causes] == ["twice"]


def test_without_other_places_the_points_given_are_looked_at_all_the_same() -> None:
    off = wrong_beyond(5, 1e-9)
    alone = check_gradients(off, x, loss=cubes, elsewhere=False)
    given = check_gradients(off, x, loss=cubes, elsewhere=False, at=[[7.0, 8.0]])
    assert (alone.verdict, given.verdict) == ("match", "mismatch")


def test_zero_is_a_point_like_others() -> None:
    """The factor of a term that is zero at the first point shows at another one."""

    def loss(x: Any) -> Any:
        return (x[0] ** 2 * x[1]).sum()

    def gradient(x: Any) -> Any:
        return np.array([2 * x[0] * x[1], 3 * x[0] ** 2])

    report = check_gradients(gradient, [0.0, 2.0], loss=loss, elsewhere=False)
    assert report.verdict != "mismatch"
    at = [np.zeros(2), np.ones(2)]
    assert check_gradients(gradient, [0.0, 2.0], loss=loss, elsewhere=False, at=at).verdict == (
        "mismatch"
    )


def test_a_point_where_the_loss_has_no_value_is_not_checked() -> None:
    report = check_gradients(lambda x: 1 / x, x, loss=lambda x: torch.log(x).sum(), at=[[0, 0]])
    assert report.verdict == "match"
    assert [note.text for note in report.not_checked] == [
        "the gradient at the point at[0], where the reference's loss is -inf"
    ]


def test_a_point_where_the_reference_has_no_gradient_is_not_checked() -> None:
    """As of a length at zero, by autograd."""

    def length(x: Any) -> Any:
        return torch.sqrt((x * x).sum()) ** 3 if torch.is_tensor(x) else np.sqrt(x @ x) ** 3

    def gradient(x: Any) -> Any:
        return 3 * np.sqrt(x @ x) * x

    report = check_gradients(gradient, x, loss=length, at=[[0, 0], [3, 4]])
    assert report.verdict == "match"
    assert [note.text for note in report.not_checked] == [
        "the gradient at the point at[0]: the reference is nan at [0]"
    ]


def test_a_point_that_the_function_refuses_is_told() -> None:
    def refuses(x: Any) -> Any:
        if not x.all():
            raise ZeroDivisionError("x is zero")
        return 3 * x**2

    report = check_gradients(refuses, x, loss=cubes, at=[[0, 0]])
    assert (report.verdict, report.passed) == ("match", False)
    assert report.findings[0].text == (
        "Called at the point at[0], it raised ZeroDivisionError: x is zero"
    )


def squared(x: Any) -> Any:
    return x**2


@pytest.mark.untraced
@pytest.mark.parametrize(
    "check",
    [
        lambda f, at: check_jacobian(lambda x: np.diag(2 * x * f(x)), x, at=at, function=squared),
        lambda f, at: check_hessian(lambda x: np.diag(6 * x * f(x)), x, loss=cubes, at=at),
        lambda f, at: check_hvp(lambda x, v: 6 * x * v * f(x), x, loss=cubes, at=at),
    ],
    ids=["jacobian", "hessian", "hvp"],
)
def test_the_other_derivatives_are_judged_there_too(
    check: Callable[[Callable[[Any], float], Any], Report],
) -> None:
    def factor(x: Any) -> float:
        return 1 + 1e-10 * bool(x[0] > 5)

    assert check(factor, [[4.0, 5.0]]).verdict == "match"
    assert check(factor, [[7.0, 5.0]]).verdict == "mismatch"


def test_a_complex_point_is_given_as_the_parameters_are() -> None:
    def loss(z: Any) -> Any:
        return (z * z.conj()).real.sum()

    def wrong_at_zero(z: Any) -> Any:
        return 2 * z + (z == 0)

    z = np.array([1 + 2j])
    assert check_gradients(wrong_at_zero, z, loss=loss).verdict == "match"
    assert check_gradients(wrong_at_zero, z, loss=loss, at=[np.array([0j])]).verdict == "mismatch"
    with pytest.raises(TypeError, match="at is of type int"):
        _ = check_gradients(wrong_at_zero, z, loss=loss, at=0)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (np.zeros(2), r"at is of type ndarray; it needs to be a list of further points"),
        ([1.0], r"at\[0\] is of shape \(\); it needs to be \(2,\)"),
        ([x, np.ones(3)], r"at\[1\] is of shape \(3,\)"),
        ([[1.0, np.nan]], r"at\[0\] has values that are not finite"),
        ([{"a": x}], r"at\[0\] holds a; it needs to be a nest like parameters \(one array\)"),
        ([["a", "b"]], r"at\[0\] holds \[0\], \[1\]; it needs"),
        ([None], r"at\[0\] holds nothing; it needs"),
    ],
)
def test_what_is_no_list_of_points_is_refused(at: Any, said: str) -> None:
    with pytest.raises((TypeError, ValueError), match=said):
        _ = check_gradients(lambda x: 3 * x**2, x, loss=cubes, at=at)


PARAMETERS = {"W": np.array([[1.0, 2.0], [3.0, 4.0]]), "b": {"x": x, "y": x + 1}}


def sum_of_cubes(p: Any) -> Any:
    return cubes(p["W"]) + cubes(p["b"]["x"]) + cubes(p["b"]["y"])


def with_wrong_x(p: Any) -> Any:
    squares = {"W": p["W"] ** 2, "x": p["b"]["x"] ** 2, "y": p["b"]["y"] ** 2}
    return {"W": 3 * squares["W"], "b": {"x": 2 * squares["x"], "y": 3 * squares["y"]}}


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("wishes", "blocks", "verdict"),
    [
        ({}, ["W", "b.x", "b.y"], "mismatch"),
        ({"only": ["W"]}, ["W"], "match"),
        ({"only": ["b"]}, ["b.x", "b.y"], "mismatch"),
        ({"only": ["b"], "except_": ["b.x"]}, ["b.y"], "match"),
        ({"except_": ("b.x",)}, ["W", "b.y"], "match"),
        ({"except_": {"W"}}, ["b.x", "b.y"], "mismatch"),
    ],
)
def test_only_the_blocks_that_are_asked_about_are_judged(
    wishes: dict[str, Any], blocks: list[str], verdict: str
) -> None:
    report = check_gradients(with_wrong_x, PARAMETERS, loss=sum_of_cubes, **wishes)
    assert [block.name for block in report.blocks] == blocks
    assert report.verdict == verdict
    assert set(report.shares) == set(blocks)


def test_what_is_left_out_may_be_missing_and_is_named() -> None:
    def of_w(p: Any) -> Any:
        return {"W": 3 * p["W"] ** 2}

    report = check_gradients(of_w, PARAMETERS, loss=sum_of_cubes, except_=["b"])
    assert report.passed
    assert [note.text for note in report.not_checked] == [
        "b.x and b.y, which only= or except_= leaves out"
    ]
    assert check_gradients(of_w, PARAMETERS, loss=sum_of_cubes).verdict == "mismatch"


def test_a_mistake_has_its_name_whatever_the_blocks_left_out_are() -> None:
    """Half of W, and another half of b.x: together they would be no mistake with one name."""

    def gradient(p: Any) -> Any:
        right = with_wrong_x(p)
        return {"W": right["W"] / 2, "b": right["b"]}

    report = check_gradients(gradient, PARAMETERS, loss=sum_of_cubes, only=["W"])
    assert [(cause.kind, cause.blocks) for cause in report.causes] == [("half", ("W",))]
    assert report.power is None


def test_a_wrong_step_of_several_blocks_is_named_where_one_of_them_is_asked_about() -> None:
    random = np.random.default_rng(0)
    parameters = {"W": random.normal(size=(3, 4)), "b": random.normal(size=3)}
    X = random.normal(size=(4, 6))

    def loss(p: Any, X: Any) -> Any:
        return (torch.tanh(p["W"] @ X + p["b"][:, None]) ** 2).sum()

    def gradient(p: Any, X: Any) -> Any:
        h = np.tanh(p["W"] @ X + p["b"][:, None])
        d = 2 * h * (1 - h)  # h, not its square
        return {"W": d @ X.T, "b": d.sum(axis=1)}

    report = check_gradients(gradient, parameters, X, loss=loss, only=["W"])
    assert "tanh" in report.causes[0].explanation


def test_a_zero_that_nobody_asks_about_is_no_weakness() -> None:
    def gradient(p: Any) -> Any:
        return {"a": 3 * p["a"] ** 2, "unused": np.zeros(2)}

    def noted(**wishes: Any) -> bool:
        report = check_gradients(
            gradient, {"a": x, "unused": x}, loss=lambda p: cubes(p["a"]), **wishes
        )
        return any(note.kind == "zero reference" for note in report.warnings)

    assert noted(only=["unused"])
    assert not noted(only=["a"])


def test_blocks_of_a_jacobian_are_chosen_by_their_outputs() -> None:
    def function(p: Any) -> Any:
        return {"sum": p["a"] + p["b"], "square": p["a"] ** 2}

    def jacobian(_p: Any) -> Any:
        one, zero = np.eye(2), np.zeros((2, 2))
        return {"sum": {"a": one, "b": one}, "square": {"a": one, "b": zero}}

    p = {"a": x, "b": x}
    assert check_jacobian(jacobian, p, function=function).verdict == "mismatch"
    report = check_jacobian(jacobian, p, function=function, only=["sum"])
    assert (report.verdict, len(report.blocks)) == ("match", 2)


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        ({"only": "W"}, r"only is 'W'; it needs to be a list of names of blocks, such as \['W'\]"),
        ({"except_": 3}, r"except_ is 3; it needs"),
        ({"only": ["V"]}, r"only names 'V'; the blocks are W, b\.x, b\.y"),
        ({"except_": [0]}, r"except_ names 0; the blocks"),
        ({"only": ["b."]}, r"only names 'b\.'"),
        ({"except_": ["W", "b"]}, r"only=None and except_=\['W', 'b'\] leave no block"),
        ({"only": []}, r"only=\[\] and except_=None leave no block"),
    ],
)
def test_names_of_no_blocks_are_refused(wishes: dict[str, Any], said: str) -> None:
    with pytest.raises((TypeError, ValueError), match=said):
        _ = check_gradients(with_wrong_x, PARAMETERS, loss=sum_of_cubes, **wishes)


def test_a_beginning_ends_at_a_dot_or_a_bracket() -> None:
    paths = [("b",), ("bias",), ("layers", 0), ("layers", 1)]
    left = {
        one: {name_of(path) for path in unasked(paths, name_of, None, [one])}
        for one in ("b", "layers", "layers[1]")
    }
    assert left == {
        "b": {"b"},
        "layers": {"layers[0]", "layers[1]"},
        "layers[1]": {"layers[1]"},
    }
