"""Updates that are returned beside a gradient, or made of a kept one by a method, are judged."""

from collections.abc import Generator

import pytest

from autograd_ref.adapting.own_numbers.updates_made import updates_made
from autograd_ref.commands.as_written.beside.own_update import with_update
from autograd_ref.networks.choosing import architecture
from tests.real_code.of_text import adapter_of, forget, search_for_no_cause, softmax_net

TANH = architecture((5, 7, 2), activation="tanh")
ALL = ["W0", "b0", "W1", "b1"]

BODY = """
    h = np.tanh(X @ W1 + b1)
    e = np.exp(h @ W2 + b2)
    p = e / e.sum(axis=1, keepdims=True)
    d = (p - np.eye(p.shape[1])[y]) / len(y)
    dW2, db2 = h.T @ d, d.sum(axis=0)
    raw = d @ W2.T
    back = raw * (1 - h**2)
    dW1, db1 = X.T @ back, back.sum(axis=0)
    """
DICT = f"""
def train_step(params, X, y, lr=0.1):
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
{BODY}
    grads = {{"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}}
    new = {{k: LEFT for k in params}}
    MORE
    return new, grads, -np.log(p[np.arange(len(y)), y]).mean()
"""
ARRAYS = f"""
def update(W1, b1, W2, b2, X, y, eta):
{BODY}
    new_W1, new_b1 = W1 - eta * dW1, b1 - eta * db1
    new_W2, new_b2 = W2 - eta * dW2, b2 - eta * db2
    return new_W1, new_b1, new_W2, new_b2, dW1, db1, dW2, db2
"""
SAMPLE = """
def learn_one(W1, b1, W2, b2, x, y, rate):
    h = np.tanh(x @ W1 + b1)
    e = np.exp(h @ W2 + b2)
    d = e / e.sum()
    d[y] -= 1
    back = W2 @ d * (1 - h**2)
    dW1, dW2 = np.outer(x, back), np.outer(h, d)
    new = [W1 - rate * dW1, b1 - rate * back, W2 - rate * dW2, b2 - rate * d]
    return (dW1, back, dW2, d), new
"""
VECTOR = f"""
def train_step(theta, n_in, n_hidden, n_out, X, y, lr):
    a, b, c = n_in * n_hidden, n_hidden, n_hidden * n_out
    W1, b1 = theta[:a].reshape(n_in, n_hidden), theta[a : a + b]
    W2, b2 = theta[a + b : a + b + c].reshape(n_hidden, n_out), theta[a + b + c :]
{BODY}
    grad = np.concatenate([one.ravel() for one in (dW1, db1, dW2, db2)])
    return theta - lr * grad, grad
"""
NET = softmax_net("lr")
UPDATE = """
    def update(self, lr):
        self.W1, self.b1 = self.W1 - lr * self.dW1, self.b1 - lr * self.db1
        self.W2, self.b2 = self.W2 - lr * self.dW2, self.b2 - lr * self.db2

    def train_step(self, X, y):
        self.forward(X)
        self.backward(y)
        self.update(self.lr)
"""
LOOP = """
    def _apply_gradients(self):
        for name in ("W1", "b1", "W2", "b2"):
            getattr(self, name)[...] -= self.lr * getattr(self, "d" + name)
"""
WEIGHTS = """
    def update_weights(self, lr):
        self.W1 -= lr * self.dW1
        self.W2 -= lr * self.dW2
"""
BIASES = WEIGHTS.replace("W", "b").replace("weights", "biases")
CLIPPED = """
        for one in (self.W1, self.W2):
            one[...] = np.clip(one, -0.3, 0.3)
"""
GLOBAL = f"""
W1, b1, W2, b2 = np.ones((5, 7)), np.ones(7), np.ones((7, 2)), np.ones(2)

def backward(X, y):
    global dW1, db1, dW2, db2
{BODY}

def step(lr=0.01):
    global W1, b1, W2, b2
    W1, b1, W2, b2 = W1 - lr * dW1, b1 - lr * db1, W2 - lr * dW2, b2 - lr * db2
"""


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """No cause is searched for; no module of a text is left."""
    search_for_no_cause(monkeypatch)
    yield
    forget()


def said_of(text: str) -> tuple[str, list[str]]:
    """The sentence on an update, and the blocks that are wrong."""
    found = with_update(adapter_of(text, TANH), [], 0)
    if found is None:
        return "", []
    report = found.wrong and found.wrong.report
    wrong = [each.name for each in report.blocks if each.verdict == "mismatch"] if report else []
    return found.sentence, wrong


def dicts(left: str, more: str = "") -> str:
    """The code that returns new parameters in a dict."""
    return DICT.replace("LEFT", left).replace("MORE", more)


STEP = dicts("params[k] - lr * grads[k]")
ITSELF = "as a penalty or a clipping of weights does; that is not judged."
PLAIN = "updates the parameters, too: by one multiple of that gradient, as it should."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (STEP, f"It {PLAIN}"),
        (ARRAYS, f"It {PLAIN}"),
        (SAMPLE, f"It {PLAIN}"),
        (VECTOR, f"It {PLAIN}"),
        (NET + UPDATE, f"Net.update {PLAIN}"),
        (NET + LOOP, f"Net._apply_gradients {PLAIN}"),
        (GLOBAL, f"step {PLAIN}"),
        (dicts("0.99 * params[k] - lr * grads[k]"), "whether this decay is meant is not judged."),
        (dicts("params[k] - lr * np.sign(grads[k])"), "as Adam does; that is not judged."),
        (NET + WEIGHTS + BIASES.split(":")[1].replace("lr *", "2 * lr *") + CLIPPED, ITSELF),
        (dicts("0.9 * params[k] - lr * grads[k]", "new['b1'] = b1 - 0.5 * lr * db1"), ITSELF),
    ],
)
def test_a_right_update_is_said_to_be_one(text: str, said: str) -> None:
    """Returned beside the gradient, or made by a method: the gradient is judged by itself."""
    sentence, wrong = said_of(text)
    assert sentence.endswith(said)
    assert not wrong


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("text", "old", "new", "wrong"),
    [
        (STEP, "- lr", "+ lr", ALL),
        (STEP, "    return", "    new['b1'] = params['b1']\n    return", ["b0"]),
        (ARRAYS, "eta * dW1", "eta * X.T @ raw", ["W0"]),
        (SAMPLE, "- rate * d]", "+ rate * d]", ["b1"]),
        (VECTOR, "theta - lr", "theta + lr", ALL),
        (NET + UPDATE, "self.W2 - lr", "self.W2 + lr", ["W1"]),
        (NET + LOOP, '"W1", "b1", "W2", "b2"', '"W1", "b1", "W2"', ["b1"]),
        (GLOBAL, "b1 - lr * db1", "b1 + lr * db1", ["b0"]),
    ],
)
def test_a_wrong_update_is_wrong(text: str, old: str, new: str, wrong: list[str]) -> None:
    """A sign, a block that is forgotten, another derivative; the method is named."""
    assert old in text
    sentence, blocks = said_of(text.replace(old, new))
    assert "no step down that gradient" in sentence
    assert blocks == wrong
    assert sentence.startswith("Its") == (text in (STEP, ARRAYS, SAMPLE, VECTOR))


@pytest.mark.parametrize(
    "text",
    [
        dicts("-lr * grads[k]"),
        dicts("np.clip(grads[k], -0.01, 0.01)"),
        dicts("params[k]", "new = X, W1, b1, W2, b2"),
        dicts("params[k] - lr * grads[k]", "if not X.any(): raise ValueError(X)"),
        dicts("params[k] + X.mean()"),
        ARRAYS.replace(", dW1, db1, dW2, db2\n", "\n"),
        NET + WEIGHTS + BIASES,
        NET + UPDATE.replace("self, lr", "self, lr, momenta").replace("(self.lr)", "(self.lr, 1)"),
        NET + "\n    def apply_noise(self):\n        self.W1 += 0.1\n",
        NET + "\n    def apply_decay(self):\n        self.W1 *= 0.9\n",
    ],
)
def test_of_what_may_be_no_update_nothing_is_said(text: str) -> None:
    """Velocities, other gradients, a cache; parts of an update; what needs more than a rate."""
    assert said_of(text) == ("", [])


def test_what_updates_in_the_same_call_is_judged_once() -> None:
    """Parameters that are written on and returned: the wrong update is told."""
    text = dicts("params[k]", "for k in params: params[k] = new[k] = params[k] + lr * grads[k]")
    assert len([*updates_made(adapter_of(text, TANH))]) > 1
    assert said_of(text)[1] == ALL
