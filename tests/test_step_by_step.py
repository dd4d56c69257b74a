"""Quantities that a function returns beside its gradients are judged on those before them."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from autograd_ref import Report, check_gradients
from autograd_ref.calls.names import is_gradient_of
from autograd_ref.report.data import Cause, Step
from autograd_ref.report.html import as_html
from autograd_ref.verdict.of_step import of_step
from tests.naming.derivations import ATTENTION, LSTM, MODELS, NETWORK
from tests.naming.derivations.made import Model
from tests.naming.steps import outcome

A = NDArray[Any]
P = dict[str, Any]


def loss(p: P, X: Any, y: Any) -> torch.Tensor:
    z = X @ p["W"].T + p["b"]
    h = torch.tanh(z)
    s = h @ p["v"]
    r = s - y
    return (r**2).mean()


class Quantities(NamedTuple):
    z: A
    h: A
    s: A
    dr: A
    dh: A
    dz: A


Change = Callable[[Quantities], Quantities]


def quantities(p: P, X: A, y: A, **wrong: Callable[[A], A]) -> Quantities:
    """The quantities; some are changed, and the following are computed from those."""

    def step(name: str, right: A) -> A:
        return wrong[name](right) if name in wrong else right

    z = step("z", X @ p["W"].T + p["b"])
    h = step("h", np.tanh(z))
    s = step("s", h @ p["v"])
    dr = step("dr", 2 * (s - y) / len(y))
    dh = step("dh", dr[:, np.newaxis] * p["v"])
    return Quantities(z, h, s, dr, dh, step("dz", dh * (1 - h**2)))


RANDOM = np.random.default_rng(0)
PARAMETERS = {"W": (4, 3), "b": (4,), "v": (4,)}
POINT = {name: RANDOM.normal(size=shape) for name, shape in PARAMETERS.items()}
X, Y = RANDOM.normal(size=(6, 3)), RANDOM.normal(size=6)


def report_of(
    shown: Callable[[Quantities], Any] = Quantities._asdict,
    *,
    of: Any = loss,
    dtype: Any = np.float64,
    elsewhere: bool = True,
    also: Callable[[A], A] = lambda b: b,
    **wrong: Callable[[A], A],
) -> Report:
    """The report on a derivation in which some steps are wrong."""

    def gradients(p: P, X: A, y: A) -> Any:
        q = quantities(p, X, y, **wrong)
        value = ((q.s - y) ** 2).mean()
        found = {"W": q.dz.T @ X, "b": also(q.dz.sum(0)), "v": q.h.T @ q.dr}
        return value, found, shown(q)

    data = [a.astype(dtype) for a in (X, Y)]
    point = {name: a.astype(dtype) for name, a in POINT.items()}
    return check_gradients(gradients, point, *data, loss=of, elsewhere=elsewhere)


def verdicts(report: Report) -> dict[str, str]:
    return {step.name: step.verdict for step in report.steps}


def at_fault(report: Report) -> list[str]:
    return [step.name for step in report.steps if step.verdict == "mismatch"]


def said(report: Report) -> str:
    return " ".join(str(report).split())


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_right_ones_match_in_the_order_of_the_computation(dtype: Any) -> None:
    report = report_of(dtype=dtype)
    assert verdicts(report) == dict.fromkeys("z h s dr dh dz W b v".split(), "match")
    assert all(step.share <= 1 for step in report.steps)
    assert "Step by step: all 9 quantities are right." in said(report)


@pytest.mark.untraced
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_what_only_inherits_an_error_is_not_accused(dtype: Any) -> None:
    report = report_of(dtype=dtype, dh=lambda a: a * dtype(2), dz=lambda a: -a)
    assert at_fault(report) == ["dh", "dz"]
    assert verdicts(report)["W"] == verdicts(report)["b"] == "inherited"
    text = said(report)
    assert "Step by step: 4 of 9 quantities are wrong; the 2 steps at fault are dh and dz." in text
    assert "dz, at `torch.tanh(z)` (line " in text
    assert text.index("Step by step") < text.index("block")


@pytest.mark.untraced
def test_a_wrong_step_has_its_cause() -> None:
    report = report_of(dz=lambda a: a, dr=lambda a: -a)
    (step,) = (s for s in report.steps if s.verdict == "mismatch")
    assert step.name == "dr"
    assert step.cause is not None
    assert step.cause.kind == "a sign"
    assert "Unknown cause" not in str(report)
    found = json.loads(report.to_json())["steps"]
    assert [one["name"] for one in found] == [s.name for s in report.steps]
    assert found[3]["cause"]["kind"] == "a sign"
    assert step.cause.explanation in as_html(report)


@pytest.mark.untraced
def test_a_wrong_value_does_not_accuse_what_follows() -> None:
    report = report_of(h=lambda a: a * 1.5)
    assert at_fault(report) == ["h"]
    assert set(verdicts(report).values()) == {"match", "mismatch", "inherited"}
    assert verdicts(report)["z"] == "match"
    assert "`torch.tanh(z)`" in next(s.place for s in report.steps if s.name == "h")


def test_data_that_the_function_changes_are_at_fault_and_nothing_after_them() -> None:
    def gradients(p: P, X: A, y: A) -> Any:
        y = y + 1.0
        q = quantities(p, X, y)
        found = {"W": q.dz.T @ X, "b": q.dz.sum(0), "v": q.h.T @ q.dr}
        return ((q.s - y) ** 2).mean(), found, {"y": y, **q._asdict()}

    report = check_gradients(gradients, POINT, X, Y, loss=loss)
    assert at_fault(report) == ["y"]
    assert verdicts(report)["W"] == "inherited"


@pytest.mark.untraced
def test_a_loss_that_fails_beside_a_wrong_value_is_not_followed() -> None:
    def solved(p: P, X: Any, _y: Any) -> torch.Tensor:
        K = X.T @ X + torch.diag(p["v"] ** 2)
        L = torch.linalg.cholesky(K)
        return torch.diagonal(L).log().sum() + (p["W"] ** 2).sum() + (p["b"] ** 2).sum()

    def gradients(p: P, X: A, _y: A) -> Any:
        K = X.T @ X + np.diag(p["v"] ** 2)
        return 0.0, {"W": 2 * p["W"], "b": 2 * p["b"], "v": p["v"]}, {"K": -K}

    point = {**POINT, "v": np.array([1.0, 2.0, 3.0])}
    report = check_gradients(gradients, point, X, Y, loss=solved)
    assert report.steps == ()
    assert any("could not be followed" in note.text for note in report.not_checked)


@pytest.mark.untraced
def test_the_last_step_is_the_gradient_itself() -> None:
    report = report_of(also=lambda b: b / 2)
    assert at_fault(report) == ["b"]
    assert "1 of 9 quantities is wrong; the step at fault is b." in said(report)


def test_other_shapes_of_the_same_entries_are_accepted_and_said() -> None:
    report = report_of(lambda q: {"z": q.z.T, "s": q.s[:, np.newaxis], "dz": q.dz.T, "dh": q.dh})
    assert set(verdicts(report).values()) == {"match"}
    remarks = [step.name for step in report.steps if step.remark]
    assert remarks == ["z", "s", "dz"]
    assert "z: returned in the shape (4, 6), for (6, 4)." in said(report)
    assert "returned in the shape (6, 1), for (6,)" in as_html(report)


@pytest.mark.untraced
def test_a_factor_that_is_made_up_for_later_is_no_mistake() -> None:
    n = len(Y)
    report = report_of(lambda q: {"dr": n * q.dr, "dh": n * q.dh, "dz": n * q.dz})
    assert set(verdicts(report).values()) == {"match"}
    assert "dr: 6 times the derivative, which what is computed from it makes up for." in said(
        report
    )
    forgotten = report_of(lambda q: {"dh": n * q.dh, "dz": n * q.dz}, also=lambda b: n * b)
    assert at_fault(forgotten) == ["b"]


def test_a_factor_that_nothing_makes_up_for_is_one_even_beside_others() -> None:
    n = len(Y)

    def shown(q: Quantities) -> Any:
        return {"dr": n * q.dr, "dh": n * q.dh, "dz": n * q.dz, "dX": n * q.dz @ POINT["W"] * 2}

    assert at_fault(report_of(shown, elsewhere=False)) == ["dX"]
    lost = report_of(lambda q: {"dr": n * q.dr, "dh": n * q.dh}, dh=lambda a: -a, elsewhere=False)
    assert at_fault(lost) == ["dh"]
    both = report_of(lambda q: {"dh": -q.dh, "dz": q.dz + 1.0}, elsewhere=False)
    assert at_fault(both) == ["dh", "dz"]


@pytest.mark.untraced
def test_a_wrong_quantity_that_no_number_makes_up_for_is_one() -> None:
    report = report_of(lambda q: {"dh": q.dh, "dz": q.dz + 1.0})
    assert at_fault(report) == ["dz"]


@pytest.mark.untraced
def test_what_is_not_finite_is_at_fault_only_where_it_begins() -> None:
    def spoiled(a: A) -> A:
        return np.where(np.arange(a.size).reshape(a.shape) == 0, np.nan, a)

    report = report_of(dh=spoiled)
    assert at_fault(report) == ["dh"]
    assert verdicts(report)["dz"] == "inherited"


def test_the_derivative_by_data_is_judged_too() -> None:
    right = report_of(lambda q: {"dX": q.dz @ POINT["W"], "dz": q.dz}, elsewhere=False)
    wrong = report_of(lambda q: {"dX": q.dz @ POINT["W"] / 2, "dz": q.dz}, elsewhere=False)
    assert at_fault(right) == []
    assert at_fault(wrong) == ["dX"]
    assert wrong.verdict == "match"


def test_names_of_derivatives() -> None:
    names = ["dz", "grad_z", "d_z", "z_grad", "delta_z", "dL_dz", "dZ", "gradient_z"]
    report = report_of(lambda q: dict.fromkeys(names, q.dz), elsewhere=False)
    assert [verdicts(report)[name] for name in names] == ["match"] * len(names)
    assert not any(is_gradient_of(name, "z") for name in ("z", "dzz", "h", "data_z", "zd"))


def test_unknown_names_and_other_shapes_are_said() -> None:
    report = report_of(lambda q: {"foo": q.z, "bar": q.z, "dh": q.dh[0], "ds": [q.s[:2], q.s[2:]]})
    kinds = [(note.kind, note.text.partition(",")[0]) for note in report.not_checked]
    assert ("unknown quantity", "foo and bar") in kinds
    assert [text for kind, text in kinds if kind == "another shape"] == ["dh", "ds"]
    assert report.steps == ()
    assert "foo, returned beside" in said(report_of(lambda q: {"foo": q.z}))


def test_what_is_no_array_is_left_alone() -> None:
    report = report_of(lambda q: {"z": "text", "h": q.h, "s": q.s * 1j, "dz": [], "dh": [[1.0]]})
    assert list(verdicts(report)) == ["h", "W", "b", "v"]
    assert report_of(lambda q: {"z": q.z > 0}).steps == ()


def test_a_numpy_loss_cannot_be_followed() -> None:
    def in_numpy(p: P, X: A, y: A) -> Any:
        return ((np.tanh(X @ p["W"].T + p["b"]) @ p["v"] - y) ** 2).mean()

    report = report_of(of=in_numpy)
    assert report.steps == ()
    assert any("only a loss in PyTorch" in note.text for note in report.not_checked)


def test_values_that_the_loss_does_not_depend_on_are_not_judged() -> None:
    def hidden(p: P, X: Any, y: Any) -> torch.Tensor:
        leaves = {name: a.detach().requires_grad_() for name, a in p.items()}
        value = loss(leaves, X, y)
        grads = torch.autograd.grad(value, list(leaves.values()), retain_graph=True)
        moved = zip(p.values(), leaves.values(), grads, strict=True)
        return value.detach() + sum(((a - b.detach()) * g).sum() for a, b, g in moved)

    report = report_of(lambda q: {"dz": q.dz, "dh": q.dh}, of=hidden)
    assert report.steps == ()
    assert any("the loss does not depend on z" in note.text for note in report.not_checked)


def test_a_loss_that_cannot_be_followed_is_said() -> None:
    def straight_through(p: P, X: Any, y: Any) -> torch.Tensor:
        h = torch.tanh(X @ p["W"].T + p["b"])
        _ = h.register_hook(lambda c: 2 * c)
        return ((h @ p["v"] - y) ** 2).mean()

    report = report_of(lambda q: {"dh": q.dh}, of=straight_through)
    assert report.steps == ()
    assert any("could not be followed" in note.text for note in report.not_checked)


@pytest.mark.untraced
def test_a_wrong_step_of_a_loss_that_cannot_be_taken_apart() -> None:
    def with_norm(p: P, X: Any, y: Any) -> torch.Tensor:
        return loss(p, X, y) + torch.linalg.vector_norm(p["v"], ord=3)

    size = np.linalg.norm(POINT["v"], ord=3)
    report = report_of(lambda q: {"dh": q.dh, "dz": q.dz}, of=with_norm, dz=np.exp, elsewhere=False)
    assert "dz" in at_fault(report)
    assert size > 0


def named(p: P, X: Any, y: Any) -> tuple[torch.Tensor, dict[str, Any]]:
    def layer(x: Any, W: Any, b: Any) -> torch.Tensor:
        z = x @ W.T + b
        return torch.tanh(z)

    x = layer(X, p["W"], p["b"])
    x = x @ p["v"]
    return ((x - y) ** 2).mean(), {"score": x}


@pytest.mark.untraced
def test_names_that_the_loss_returns_and_names_in_functions_that_it_calls() -> None:
    report = report_of(lambda q: {"dscore": q.dr, "dz": q.dz}, of=named, dr=lambda a: a * 3)
    assert at_fault(report) == ["dscore"]
    lines = report_of(lambda q: {"dz": q.dz}, of=lambda p, *d: 1.0 * loss(p, *d), dz=lambda a: -a)
    assert at_fault(lines) == ["dz"]


def test_a_name_with_several_values_is_the_one_that_is_right_or_none() -> None:
    def twice(p: P, X: Any, y: Any) -> torch.Tensor:
        x = X @ p["W"].T + p["b"]
        x = torch.tanh(x)
        return ((x @ p["v"] - y) ** 2).mean()

    assert at_fault(report_of(lambda q: {"dx": q.dz}, of=twice)) == []
    both = report_of(lambda q: {"dx": [q.dz, q.dh]}, of=twice, dh=lambda a: a * a)
    assert at_fault(both) == ["dx"]
    report = report_of(lambda q: {"dx": q.dz, "dp": q.dz}, of=twice, dz=lambda a: a * a)
    assert any("several values by this name" in note.text for note in report.not_checked)


@pytest.mark.untraced
def test_lists_over_time_may_be_arrays_with_a_first_axis() -> None:
    parameters, data = LSTM.point(np.random.default_rng(0))

    def gradients(p: P, *d: Any) -> Any:
        value, found, returned, _made = LSTM.gradients(p, *d, {"c": 1})
        return value, found, {name: np.stack(one) for name, one in returned.items()}

    report = check_gradients(gradients, parameters, *data, loss=LSTM.loss)
    assert at_fault(report) == ["dc"]


def test_a_function_that_refuses_other_parameters_is_judged_here() -> None:
    def gradients(p: P, X: A, y: A) -> Any:
        if not np.array_equal(p["b"], POINT["b"]):
            raise ValueError("only there")
        q = quantities(p, X, y, dz=lambda a: -a)
        return 0.0, {"W": q.dz.T @ X, "b": q.dz.sum(0), "v": q.h.T @ q.dr}, {"dz": q.dz}

    report = check_gradients(gradients, POINT, X, Y, loss=loss)
    assert at_fault(report) == ["dz"]
    alone = check_gradients(lambda p, *d: gradients(p, *d)[1], POINT, X, Y, loss=loss)
    assert alone.steps == ()


def test_a_list_that_the_loss_keeps() -> None:
    def unrolled(p: P, x: Any) -> torch.Tensor:
        hs = [torch.zeros(3)]
        for t in range(len(x)):
            hs.append(torch.tanh(p["w"] * hs[-1] + x[t]))
        return (hs[-1] ** 2).sum()

    def gradients(p: P, x: A) -> Any:
        hs = [np.zeros(3)]
        for row in x:
            hs.append(np.tanh(p["w"] * hs[-1] + row))
        dh, total = 2 * hs[-1], np.zeros(3)
        dhs = [dh]
        for t in range(len(x) - 1, -1, -1):
            dz = dh * (1 - hs[t + 1] ** 2)
            total += dz * hs[t]
            dh = dz * p["w"]
            dhs.insert(0, dh)
        return {"w": total}, {"dhs": dhs, "hs": hs}

    def with_loss(p: P, x: A) -> Any:
        return float(unrolled({"w": torch.from_numpy(p["w"])}, torch.from_numpy(x))), *gradients(
            p, x
        )

    point = {"w": np.array([0.5, -0.3, 0.8])}
    report = check_gradients(with_loss, point, RANDOM.normal(size=(4, 3)), loss=unrolled)
    assert verdicts(report) == {"hs": "match", "dhs": "match", "w": "match"}


@pytest.mark.untraced
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_every_quantity_of_a_right_derivation_matches(model: Model) -> None:
    parameters, data = model.point(np.random.default_rng(1))
    report = check_gradients(
        lambda p, *d: model.gradients(p, *d, {})[:3], parameters, *data, loss=model.loss
    )
    assert set(verdicts(report).values()) == {"match"}
    assert len(report.steps) == {"network": 26, "lstm": 14, "attention": 16}[model.name]


@pytest.mark.untraced
@pytest.mark.parametrize(("model", "seed"), [(NETWORK, 4), (LSTM, 4), (ATTENTION, 5)])
def test_every_wrong_step_is_accused_and_no_other(model: Model, seed: int) -> None:
    found = outcome(model, seed)
    assert found is not None
    assert found.accused == found.expected


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Wk", "the derivative by q is used where that by k is due"),
        ("Wv", "only the first index along axis 0 of v counts"),
    ],
)
def test_a_step_that_takes_what_is_beside_its_own_is_named(name: str, said: str) -> None:
    parameters, data = ATTENTION.point(np.random.default_rng(1))
    report = check_gradients(
        lambda p, *d: ATTENTION.gradients(p, *d, {name: 0})[:3],
        parameters,
        *data,
        loss=ATTENTION.loss,
    )
    (step,) = (step for step in report.steps if step.verdict == "mismatch")
    assert step.name == name
    assert step.cause is not None
    assert said in step.cause.explanation


@pytest.mark.parametrize(
    ("parts", "verdict"),
    [
        ([(True, True)], "match"),
        ([(True, False)], "match"),
        ([(False, True), (True, True)], "inherited"),
        ([(False, False), (True, True)], "mismatch"),
    ],
)
def test_the_table_of_verdicts(parts: list[tuple[bool, bool]], verdict: str) -> None:
    assert of_step(parts) == verdict


def test_the_words_of_steps() -> None:
    cause = Cause("a sign", ("dh",), "dh has the wrong sign.", "flip it", 1.0, 0.0)
    step = Step("dh", "mismatch", "`x` (line 1)", 9.0, cause)
    blocks = report_of().blocks
    many = Report(blocks, steps=tuple(step._replace(name=f"d{i}") for i in range(12)))
    assert "12 of 12 quantities are wrong; the 12 steps at fault are d0" in said(many)
    inherited = Report(blocks, steps=(step._replace(verdict="inherited"),))
    assert "1 of 1 quantities is wrong; none of the steps between them is at fault" in said(
        inherited
    )
    few = Report(blocks, steps=(step._replace(verdict="match", cause=None),))
    assert "Step by step: dh is right." in said(few)


def test_a_loss_that_is_followed_at_one_point_only_has_its_causes_there() -> None:
    def only_here(p: P, X: Any, y: Any) -> torch.Tensor:
        value = loss(p, X, y)
        if torch.equal(p["b"].detach(), torch.from_numpy(POINT["b"])):
            return value
        return value[None].to_sparse().to_dense()[0]

    report = report_of(of=only_here, dr=lambda a: -a)
    assert at_fault(report) == ["dr"]
    (step,) = (s for s in report.steps if s.verdict == "mismatch")
    assert step.cause is not None
    assert step.cause.kind == "a sign"


@pytest.mark.untraced
def test_two_mistakes_in_one_step_are_named_together() -> None:
    """One sample of what reaches a factor, of the other sign."""

    def scaled(p: Any, x: Any) -> torch.Tensor:
        h = torch.tanh(x @ p["W"])
        z = h * p["scale"]
        return (z**2).mean()

    def gradients(p: P, x: A) -> Any:
        h = np.tanh(x @ p["W"])
        dz = 2 * h * p["scale"] / h.size
        dh = dz * p["scale"]
        found = {"W": x.T @ (dh * (1 - h**2)), "scale": -(dz * h)[0]}
        return ((h * p["scale"]) ** 2).mean(), found, {"dz": dz, "dh": dh}

    point = {"W": POINT["W"].T, "scale": np.array([0.7, 1.3, 0.6, 1.1])}
    report = check_gradients(gradients, point, X, loss=scaled)
    assert at_fault(report) == ["scale"]
    (step,) = (step for step in report.steps if step.verdict == "mismatch")
    assert step.cause is not None
    assert "only the first index along axis 0" in step.cause.explanation
    assert "the sign of what reaches" in step.cause.explanation


@pytest.mark.untraced
def test_a_step_is_told_by_the_names_of_what_it_is_computed_from() -> None:
    """The stand-in for the rest of the loss has no name and no line of its own."""
    report = report_of(dh=lambda a: -a)
    (step,) = (step for step in report.steps if step.verdict == "mismatch")
    assert step.cause is not None
    assert "the sign of what reaches s is wrong" in step.cause.explanation
