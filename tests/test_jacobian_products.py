"""Products with a Jacobian: jvp, vjp and the adjoint of a LinearOperator."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from scipy.sparse.linalg import LinearOperator

from autograd_ref import GradientMismatch, assert_jacobian_matches, check_jacobian

t = np.linspace(0.1, 1.0, 5)
p = np.array([1.5, 0.7])


def curve(p: Any, t: Any) -> Any:
    return p[0] * (torch.exp(-p[1] * t) if torch.is_tensor(p) else np.exp(-p[1] * t))


def jacobian(p: Any, t: Any) -> Any:
    e = np.exp(-p[1] * t)
    return np.stack([e, -p[0] * t * e], axis=1)


def jvp(p: Any, v: Any, t: Any) -> Any:
    e = np.exp(-p[1] * t)
    return v[0] * e - v[1] * p[0] * t * e


def vjp(p: Any, u: Any, t: Any) -> Any:
    e = np.exp(-p[1] * t)
    return np.array([u @ e, -p[0] * (u * t) @ e])


def in_numpy(p: Any, t: Any) -> Any:
    return np.asarray(curve(np.asarray(p), t))


@pytest.mark.untraced
@pytest.mark.parametrize("function", [curve, in_numpy])
@pytest.mark.parametrize(
    "given", [{"jvp": jvp}, {"vjp": vjp}, {"jvp": jvp, "vjp": vjp}], ids=["jvp", "vjp", "both"]
)
def test_right_products_match(function: Callable[..., Any], given: Any) -> None:
    report = check_jacobian(None, p, t, function=function, **given)
    assert report.passed
    assert [block.name for block in report.blocks] == [f"{kind}: jacobian" for kind in given]


def wrong_jvp(p: Any, v: Any, t: Any) -> Any:
    return jvp(p, v, t) * np.where(np.arange(5) == 2, 1 + 1e-11, 1)


def wrong_vjp(p: Any, u: Any, t: Any) -> Any:
    return vjp(p, u, t) * np.array([1, -1])


@pytest.mark.untraced
def test_each_wrong_product_is_found_under_its_own_name() -> None:
    report = check_jacobian(jacobian, p, t, function=curve, jvp=jvp, vjp=wrong_vjp)
    verdicts = {block.name: block.verdict for block in report.blocks}
    assert verdicts == {
        "jacobian": "match",
        "jvp: jacobian": "match",
        "vjp: jacobian": "mismatch",
    }
    assert any("the column of x[1] has the wrong sign" in c.explanation for c in report.causes)
    assert {c.blocks for c in report.causes} == {("vjp: jacobian",)}
    assert report.reference.count("autograd") == 1
    assert check_jacobian(None, p, t, function=curve, jvp=wrong_jvp).verdict == "mismatch"
    with pytest.raises(GradientMismatch, match="vjp: jacobian is wrong"):
        _ = assert_jacobian_matches(None, p, t, function=curve, vjp=wrong_vjp)


@pytest.mark.untraced
@pytest.mark.parametrize(
    "bent",
    [
        lambda v: v * abs(v),
        lambda v: v + 0.1 * v[::-1] * v,
        lambda v: v / np.linalg.norm(v),
    ],
    ids=["by its size", "by each other", "normalised"],
)
def test_a_product_that_is_not_linear_is_wrong(bent: Callable[[Any], Any]) -> None:
    report = check_jacobian(None, p, t, function=curve, jvp=lambda p, v, t: jvp(p, bent(v), t))
    assert report.verdict == "mismatch"
    assert report.causes[0].kind == "not linear in v"
    report = check_jacobian(None, p, t, function=curve, vjp=lambda p, u, t: vjp(p, bent(u), t))
    assert report.causes[0].kind == "not linear in v"


def operator(adjoint: Any) -> Callable[..., Any]:
    def as_operator(p: Any, t: Any) -> Any:
        back = adjoint and (lambda u: adjoint(p, u, t))
        return LinearOperator((5, 2), matvec=lambda v: jvp(p, v, t), rmatvec=back)

    return as_operator


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("adjoint", "verdicts"),
    [(None, ["match"]), (vjp, ["match", "match"]), (wrong_vjp, ["match", "mismatch"])],
)
def test_the_adjoint_of_a_linear_operator_is_judged_too(adjoint: Any, verdicts: list[str]) -> None:
    report = check_jacobian(operator(adjoint), p, t, function=in_numpy)
    assert [block.verdict for block in report.blocks] == verdicts
    assert [block.name for block in report.blocks] == ["jacobian", "rmatvec: jacobian"][
        : len(verdicts)
    ]


def test_products_of_nests_and_tensors_have_their_forms() -> None:
    def function(q: Any) -> Any:
        return {"sum": q["a"] + q["b"].sum(), "square": q["a"] ** 2}

    def of_v(q: Any, v: Any) -> Any:
        return {"sum": v["a"] + v["b"].sum(), "square": 2 * q["a"] * v["a"]}

    def of_u(q: Any, u: Any) -> Any:
        by_b = torch.ones_like(q["b"]) * u["sum"].sum()
        return {"a": u["sum"] + 2 * q["a"] * u["square"], "b": by_b}

    x = {"a": torch.tensor(p), "b": torch.tensor(t)}
    report = check_jacobian(None, x, function=function, jvp=of_v, vjp=of_u)
    assert report.passed
    assert len(report.blocks) == 8

    def wrong(q: Any, u: Any) -> Any:
        return {**of_u(q, u), "b": u["sum"].sum() + 0 * q["b"] + q["b"]}

    report = check_jacobian(None, x, function=function, vjp=wrong)
    found = {block.name for block in report.blocks if block.verdict == "mismatch"}
    assert {"vjp: sum.b", "vjp: square.b"} <= found


@pytest.mark.parametrize(
    "short", [lambda p, v, t: jvp(p, v, t)[:3], lambda _p, _v, _t: None], ids=["short", "None"]
)
def test_a_product_of_another_form_is_a_mismatch(short: Callable[..., Any]) -> None:
    report = check_jacobian(None, p, t, function=curve, jvp=short)
    assert report.verdict == "mismatch"
    assert "jvp: jacobian" in report.blocks[0].name


@pytest.mark.parametrize(
    ("x", "given", "said"),
    [
        (p, {}, r"jacobian is None; give jacobian\(x, \*data\), jvp= or vjp="),
        (p, {"jvp": 3}, "jvp is of type int; it needs to be a function of"),
        (p + 1j, {"vjp": vjp}, "x is complex"),
    ],
)
def test_what_is_no_product_is_refused(x: Any, given: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        _ = check_jacobian(None, x, t, function=curve, **given)
