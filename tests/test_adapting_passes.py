"""One pass of a loop in somebody's file is called where nothing else is there to be called."""

import ast
from collections.abc import Generator, Sequence

import pytest

from autograd_ref.adapting.adapted import adapted
from autograd_ref.adapting.by_use.names_in_order import read_first
from autograd_ref.adapting.passes.kept_statements import WholeData, sliced, within_a_turn
from autograd_ref.adapting.passes.loops_in_code import loops_in
from autograd_ref.adapting.passes.one_pass import one_pass
from autograd_ref.adapting.small import problems
from autograd_ref.adapting.told import found_in_words
from autograd_ref.adapting.way_search import SearchOutcome, Wanted, search
from autograd_ref.networks.architecture import Architecture
from autograd_ref.networks.choosing import architecture
from tests.real_code.of_text import forget, module_of

SSE = architecture((5, 7, 2), activation="sigmoid", output="sigmoid", loss="sse")
SOFTMAX = architecture((5, 7, 2), activation="relu", output="softmax")
LINEAR = architecture((5, 1), output="linear", loss="half-mse")


@pytest.fixture(autouse=True)
def nothing_is_left() -> Generator[None]:
    """Each text is another module of the same name."""
    yield
    forget()


def found(text: str, meant: Architecture = SSE, name: str = "") -> SearchOutcome:
    return search(module_of(text), problems(meant), Wanted(name))


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("a = b; c = a + d", ["b", "d"]),
        ("W -= r * W.T @ X", ["W", "r", "X"]),
        ("W[i] = x; v = W", ["x", "W", "i"]),
        ("for i in range(n):\n    s = s + i\nprint(i)", ["range", "n", "s", "print"]),
        ("z = [x * k for x in xs if x]", ["k", "xs"]),
        ("z = {k: v for k, v in d.items()}", ["d"]),
        ("f = lambda t, u=q: t * r", ["r", "q"]),
        ("if c:\n    a = 1\nelse:\n    a = b", ["c", "b"]),
    ],
)
def test_names_are_read_before_they_are_given(code: str, names: Sequence[str]) -> None:
    assert sorted(read_first(ast.parse(code).body)) == sorted(names)


@pytest.mark.parametrize(
    ("code", "whole"),
    [
        ("X[i]", "X"),
        ("X[i:i + size]", "X"),
        ("X[:, i]", "X"),
        ("X[i, :]", "X"),
        ("X[i, j]", "X[j]"),
        ("X[i, j, k]", "X[j, k]"),
        ("X[i][j]", "X[j]"),
        ("X_shuffled[order[i]]", "X_shuffled"),
        ("targets[i].reshape(-1, 1)", "targets.reshape(-1, 1)"),
        ("X[j]", "X[j]"),
        ("W[i]", "W[i]"),
        ("params['x'][i]", "params['x'][i]"),
    ],
)
def test_a_row_that_turns_is_all_of_the_data(code: str, whole: str) -> None:
    """Whatever else is looked up stays."""
    tree = ast.parse(code, mode="eval")
    assert ast.unparse(WholeData({"i", "order"}, {"xi"}).visit(tree)) == whole


LINES = """
h = look(X)
print(h)
loss = h.mean()
history.append(loss)
seen.append(h)
last = seen[-1]
net.step(last)
tell(loss)
save(h)
if turn > 3:
    break
if turn % 2:
    np.save("p", p)
if turn % 3:
    print(h)
else:
    q = 1
for k in p:
    p[k] -= np.abs(h)
    print(k)
"""


def test_what_only_prints_or_keeps_a_history_is_left_out() -> None:
    """So is what ends the loop; what changes parameters, or an instance, stays with its reasons."""
    block = within_a_turn(ast.parse(LINES).body)
    doing = {"tell": False, "save": False, "net": True}
    kept = [ast.unparse(one) for one in sliced(block, {"p"}, doing)]
    assert kept == [
        "h = look(X)",
        "loss = h.mean()",
        "seen.append(h)",
        "last = seen[-1]",
        "net.step(last)",
        "tell(loss)",
        "for k in p:\n    p[k] -= np.abs(h)",
    ]


PASSED = """
    h = s(X @ W1 + b1)
    p = s(h @ W2 + b2)
    d = (p - y) * p * (1 - p)
    e = d @ W2.T * SLOPE
    dW2, dW1 = h.T @ d, X.T @ e
    W2, b2 = W2 - rate * dW2, b2 - rate * d.sum(0)
    W1, b1 = W1 - rate * dW1, b1 - rate * e.sum(0)
    if turn % 10 == 0:
        print(turn, ((p - y) ** 2).mean())
"""
START = """
def s(v): return 1 / (1 + np.exp(-v))
rng = np.random.default_rng(0)
X, y, rate = rng.normal(size=(6, 3)), rng.normal(size=(6, 1)), 0.1
W1, b1, W2, b2 = rng.normal(size=(3, 4)), np.zeros(4), rng.normal(size=(4, 1)), np.zeros(1)
"""
SCRIPT = f"{START}for turn in range(3):{PASSED}"
ROWS = SCRIPT.replace("(3):", "(3):\n  for i in range(len(X)):\n    x, t = X[i:i+1], y[i:i+1]")
ROWS = ROWS.replace("s(X @", "s(x @").replace("X.T", "x.T").replace("- y)", "- t)")
PAIRS = SCRIPT.replace("for turn in range(3)", "for turn, (x, t) in enumerate(zip(X, y))")
PAIRS = PAIRS.replace("s(X @", "s(x[None] @").replace("X.T", "x[None].T").replace("- y)", "- t)")
FUNCTION = f"""
def s(v): return 1 / (1 + np.exp(-v))
def learn(X, y, n_hidden=4, rate=0.5, turns=900):
  rng = np.random.default_rng(0)
  W1, b1 = rng.normal(size=(X.shape[1], n_hidden)), np.zeros(n_hidden)
  W2, b2 = rng.normal(size=(n_hidden, y.shape[1])), np.zeros(y.shape[1])
  for turn in range(turns):{PASSED.replace(chr(10), chr(10) + "  ")}
  return W1, b1, W2, b2
"""
UNNAMED = SCRIPT.replace("X", "given").replace("y,", "wanted,").replace(" - y)", " - wanted)")
PATTERNS = ROWS.replace("X[i:i+1]", "patterns[i].reshape(1, -1)").replace("X", "patterns")
WHILE = SCRIPT.replace("for turn in range(3):", "turn = 0\nwhile turn < 3:\n    turn += 1")


@pytest.mark.untraced
@pytest.mark.parametrize("text", [SCRIPT, ROWS, PAIRS, FUNCTION, UNNAMED, PATTERNS, WHILE])
@pytest.mark.parametrize(("slope", "right"), [("h * (1 - h)", True), ("(1 - h)", False)])
def test_a_loop_is_judged_by_one_pass_of_it(text: str, slope: str, *, right: bool) -> None:
    """At the top, over rows, over pairs, in a function that makes its parameters."""
    outcome = found(text.replace("SLOPE", slope))
    assert outcome.best is not None
    assert outcome.best.is_right == right
    entry = outcome.best.program.entry
    assert entry.last.startswith("pass_of_line_")
    assert "print" not in entry.source
    said = found_in_words(adapted(outcome.best, SSE, "theirs"))
    line = entry.last.removeprefix("pass_of_line_")
    assert said[0].startswith(f"Called: {entry.last}, which is one pass of the loop in line {line}")


@pytest.mark.untraced
def test_the_adapter_has_the_pass_in_it() -> None:
    """With what it needs of the file."""
    text = SCRIPT.replace("SLOPE", "h * (1 - h) * one").replace("rng =", "one = 1\nrng =")
    best = found(text).best
    assert best is not None
    source = str(adapted(best, SSE, "theirs").source)
    assert "\n\nimport theirs as code\nfrom theirs import s\n\n\ndef pass_of_line_" in source
    assert "* (1 - h) * code.one" in source


@pytest.mark.parametrize(
    "text",
    [
        "for i in range(3):\n    total = i\n",
        "def f(W, X):\n    for i in range(3):\n        W = W - X.T @ (X @ W)\n",
        "def f(X, y):\n    for i in range(3):\n        W = W - q * X.T @ (X @ W - y)\n",
        "def f(X, y):\n    k = q\n    for i in range(3):\n        W = W - k * X.T @ (X @ W - y)\n",
        "def f(X, y, W):\n  for i in range(3):\n    k = open(X).read()\n    W = W - k * X.T @ y\n",
        "class A:\n    def f(self, X):\n        while X:\n            self.n = X\n",
    ],
)
def test_a_loop_without_data_or_with_unknown_names_has_no_pass(text: str) -> None:
    """Nor has one that reads or writes files."""
    module = module_of(text)
    assert [one for loop in loops_in(module) for one in one_pass(loop, module)] == []
    assert [*loops_in(module)]
