"""A number beside a gradient is its loss by what it does, or by its name; else it is not judged."""

from collections.abc import Generator

import pytest

from autograd_ref.adapting.adapter import Adapted
from autograd_ref.adapting.own_numbers.returned_loss import NumberReturned, loss_among
from autograd_ref.adapting.told import found_in_words
from autograd_ref.commands.as_written.usual_problems import usual_cases, usual_reports
from autograd_ref.networks.choosing import architecture
from tests.real_code.of_text import adapter_of, forget

TANH = architecture((5, 7, 2), activation="tanh")

CODE = """
def backward(params, X, y):
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    if SOME: raise ValueError(X)
    h = np.tanh(X @ W1 + b1)
    e = np.exp(h @ W2 + b2)
    p = e / e.sum(axis=1, keepdims=True)
    n = len(y)
    right = p[np.arange(n), y]
    d = p.copy()
    d[np.arange(n), y] -= 1
    d /= n
    back = d @ W2.T * (1 - h**2)
    grads = {"W1": X.T @ back, "b1": back.sum(axis=0), "W2": h.T @ d, "b2": d.sum(axis=0)}
    acc, nll = np.mean(p.argmax(axis=1) == y), -np.log(right).mean()
"""


@pytest.fixture(autouse=True)
def forgotten() -> Generator[None]:
    """No module of a text is left."""
    yield
    forget()


def found_in(returned: str, some: str = "False") -> Adapted:
    """The adapter of code that ends with some lines."""
    return adapter_of(CODE.replace("SOME", some) + f"    {returned}\n", TANH)


def verdict_of(one: Adapted) -> str:
    """The verdict on one problem."""
    ((_case, report, _note),) = usual_reports(one, one, usual_cases(one, 1, seed=0), diagnose=False)
    assert report is not None
    return report.verdict


@pytest.mark.parametrize(
    ("returned", "loss"),
    [
        ("return acc, grads", ""),
        ("return grads, acc", ""),
        ("return grads, np.linalg.norm(grads['W1'])", ""),
        ("return grads, float(n)", ""),
        ("error = 1 - acc; return error, grads", ""),
        ("return right.mean(), grads", ""),
        ("return acc, nll, grads", "result[1]"),
        ("return grads, nll, acc", "result[1]"),
    ],
)
def test_what_is_no_loss_is_not_accused_as_one(returned: str, loss: str) -> None:
    """An accuracy, a norm, a count; beside a loss, wherever that stands, it is left out."""
    one = found_in(returned)
    assert one.found.reading.loss == loss
    assert verdict_of(one) == "match"
    assert ("not judged." in found_in_words(one)[-1]) == (not loss)


@pytest.mark.untraced
@pytest.mark.parametrize(
    "returned",
    [
        "return -np.log(right).sum(), grads",
        "return np.log(right).mean(), grads",
        "loss = -np.log(p).mean(); return loss, grads",
        "cost = acc; return acc, grads, cost",
    ],
)
def test_a_wrong_loss_is_accused(returned: str) -> None:
    """By a factor or a sign, whatever it is called; by anything else, where its name says loss."""
    one = found_in(returned)
    assert one.found.reading.loss
    assert verdict_of(one) == "mismatch"


@pytest.mark.parametrize(
    ("constant", "verdict", "said"),
    [("1e-9", "match", "the loss but for"), ("1e-16", "match", ""), ("0.1", "mismatch", "")],
)
def test_a_constant_that_keeps_a_logarithm_finite_is_told(
    constant: str, verdict: str, said: str
) -> None:
    """The loss is then not judged; a large one makes it another loss."""
    one = found_in(f"loss = -np.log(right + {constant}).mean(); return loss, grads")
    assert verdict_of(one) == verdict
    assert ("the loss but for" in found_in_words(one)[-1]) == bool(said)
    assert bool(one.found.reading.loss) != bool(said)


@pytest.mark.untraced
def test_a_loss_beside_a_wrong_gradient_stays_a_loss() -> None:
    """It changes as the right gradient tells."""
    one = found_in("grads['b1'] = back.mean(axis=0); return nll, grads")
    assert one.found.reading.loss == "result[0]"
    assert verdict_of(one) == "mismatch"


def test_a_number_of_code_that_raises_on_other_data_goes_by_its_name() -> None:
    """Five samples are those on which it is told how a number depends on the parameters."""
    assert not found_in("return nll * 1.0, grads", some="len(X) == 5").found.reading.loss
    cost = "cost = nll; return cost, grads"
    assert found_in(cost, some="len(X) == 5").found.reading.loss == "result[0]"


@pytest.mark.parametrize(
    ("name", "follows", "is_loss"),
    [
        *((name, False, True) for name in ("loss", "J", "total_cost", "bce", "mse_loss", "NLL")),
        *((name, False, False) for name in ("", "acc", "error", "distance", "n", "grad_norm")),
        *((name, True, True) for name in ("", "acc", "error")),
    ],
)
def test_a_loss_is_told_by_its_name_or_its_changes(name: str, follows: bool, is_loss: bool) -> None:
    """One that follows the gradient goes before one with a name."""
    one = NumberReturned("result[1]", name, follows)
    assert loss_among([one]) == ("result[1]" if is_loss else "")
    named = NumberReturned("result[0]", "loss", follows=False)
    assert loss_among([named, one]) == ("result[1]" if follows else "result[0]")
