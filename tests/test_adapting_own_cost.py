"""A gradient has the penalty of the loss that stands in the same file, or is wrong."""

from collections.abc import Generator

import pytest

from autograd_ref.adapting.adapter import Adapted
from autograd_ref.adapting.own_numbers.own_cost import own_costs
from autograd_ref.commands.as_written.beside.own_penalty import with_penalty
from autograd_ref.commands.as_written.beside.said_beside import SaidBeside
from autograd_ref.networks.choosing import architecture
from tests.real_code.of_text import adapter_of, forget, search_for_no_cause, softmax_net

FUNCTIONS = """
def predict(w, X):
    h = np.tanh(X @ w["W1"] + w["b1"])
    e = np.exp(h @ w["W2"] + w["b2"])
    return h, e / e.sum(axis=1, keepdims=True)

def compute_cost(w, X, y, lam=0.0):
    h, p = predict(w, X)
    data = -np.log(p[np.arange(len(y)), y]).mean()
    return data + LOSS * sum((w[k] ** 2).sum() for k in ("W1", "W2"))

def backward(w, X, y, lam=0.0):
    h, p = predict(w, X)
    d = (p - np.eye(p.shape[1])[y]) / len(y)
    back = d @ w["W2"].T * (1 - h**2)
    return {
        "W1": X.T @ back + SLOPE * w["W1"], "b1": back.sum(axis=0),
        "W2": h.T @ d + SLOPE * w["W2"], "b2": d.sum(axis=0),
    }
"""
CLASS = softmax_net("reg", " + SELF_SLOPE * WEIGHTS")
CLASS += """
    def total_loss(self, y):
        squares, lam = (self.W1**2).sum() + (self.W2**2).sum(), self.reg
        return -np.log(self.p[np.arange(len(y)), y]).mean() + LOSS * squares, self.p
"""


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """No cause is searched for; no module of a text is left."""
    search_for_no_cause(monkeypatch)
    yield
    forget()


def adapter(text: str, loss: str, slope: str, l2: float = 0.0) -> Adapted:
    """The adapter of code with a penalty in its loss, and in its gradient."""
    meant = architecture((5, 7, 2), activation="tanh", l2=l2)
    own = text.replace("SELF_SLOPE", slope.replace("lam", "self.reg"))
    return adapter_of(own.replace("LOSS", loss).replace("SLOPE", slope), meant)


def judged(one: Adapted) -> SaidBeside:
    """The sentences on the penalty."""
    found = with_penalty(one, [], 0, {})
    assert found is not None
    return found


@pytest.mark.traced(
    "text4-lam / 2-0 * lam-left out",
    "text2-lam / 2 / len(y)-lam-S times as large",
    "text1-lam / 2-2 * lam-twice as large",
)
@pytest.mark.parametrize(
    ("text", "loss", "slope", "said"),
    [
        (FUNCTIONS, "lam", "lam", "half as large"),
        (CLASS, "lam / 2", "2 * lam", "twice as large"),
        (CLASS, "lam / 2 / len(y)", "lam", "S times as large"),
        (FUNCTIONS, "lam / 2", "lam / len(y)", "1/S as large"),
        (FUNCTIONS, "lam / 2", "0 * lam", "left out"),
        (FUNCTIONS, "lam * 1.5", "lam", "0.33 times as large"),
    ],
)
def test_a_penalty_that_is_not_the_one_of_their_own_loss_is_wrong(
    text: str, loss: str, slope: str, said: str
) -> None:
    """The mistake is named, and the report is that beside the penalty of the loss."""
    name = "compute_cost" if text is FUNCTIONS else "Net.total_loss"
    found = judged(adapter(text, loss, slope))
    assert found.sentence == f"The penalty of its own loss, {name}, is {said} in its gradient."
    assert found.wrong is not None
    report = found.wrong.report
    assert report is not None
    assert [one.name for one in report.blocks if one.verdict == "mismatch"] == ["W0", "W1"]
    assert found.wrong.case.where.endswith(f"against the penalty of its own loss, {name}")


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("loss", "slope", "said"),
    [
        ("lam", "2 * lam", "it is right for l2 times the squared weights."),
        ("0", "lam", "it is right for l2/2 times the squared weights."),
        ("len(X) * [lam]", "lam", "it is right for l2/2 times the squared weights."),
    ],
)
def test_a_penalty_of_their_own_loss_is_right(loss: str, slope: str, said: str) -> None:
    """Also where the loss that is shown has none, or cannot be called."""
    found = judged(adapter(FUNCTIONS, loss, slope))
    assert found.wrong is None
    assert found.sentence.endswith(said)


@pytest.mark.untraced
def test_a_penalty_that_is_given_is_held_against_their_own_loss() -> None:
    """Also where it is a number in the code."""
    assert judged(adapter(FUNCTIONS, "0.3", "0.3", l2=0.3)).wrong is not None
    assert with_penalty(adapter(FUNCTIONS, "0.15", "0.3", l2=0.3), [], 0, {}) is None


@pytest.mark.untraced
def test_what_is_another_loss_is_not_asked() -> None:
    """It counts errors, or is the loss of another network."""
    other = adapter(FUNCTIONS.replace("-np.log(p[np", "-(p[np"), "lam", "lam")
    assert judged(other).wrong is None
    assert not [*own_costs(other, other.network._replace(l2=0.1), {})]
