"""crosscheck check on code as somebody wrote it: what is said, and what comes out."""

import json
import sys
from pathlib import Path

import pytest

from autograd_ref.commands import main
from autograd_ref.commands.as_written.nothing_found import template
from autograd_ref.commands.functions.network_options import sizes_in
from tests.files_of_theirs import notebook, placed

Captured = pytest.CaptureFixture[str]

ONE = ["--problems", "1"]

NET = """
import numpy as np


class Net:
    def __init__(self, n_in, n_hidden, n_out, reg=0.0):
        self.reg = reg
        self.W1, self.b1 = np.zeros((n_in, n_hidden)), np.zeros(n_hidden)
        self.W2, self.b2 = np.zeros((n_hidden, n_out)), np.zeros(n_out)

    def loss(self, X, y):
        h = np.tanh(X @ self.W1 + self.b1)
        s = h @ self.W2 + self.b2
        e = np.exp(s - s.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        squares = (self.W1**2).sum() + (self.W2**2).sum()
        loss = -np.log(p[np.arange(len(y)), y]).mean() + LOSS * squares
        d = p.copy()
        d[np.arange(len(y)), y] -= 1
        d /= len(y)
        dh = d @ self.W2.T * (1 - h**2)
        grads = {"W1": X.T @ dh + SLOPE * self.W1, "b1": dh.sum(axis=0)}
        grads["W2"], grads["b2"] = h.T @ d + TOP * self.W2, d.sum(axis=0)
        return loss, grads
"""


def net(loss: str = "0", slope: str = "0", top: str | None = None) -> str:
    """A network of tanh and softmax, with a penalty in its loss and gradients."""
    return NET.replace("LOSS", loss).replace("SLOPE", slope).replace("TOP", top or slope)


def said(
    folder: Path, text: str, options: str, status: int, capsys: Captured, name: str = "net.py"
) -> str:
    """The output of the command, in one line of words."""
    placed(folder, {name: text})
    _ = sys.modules.pop(name.partition(".")[0], None)  # as in a new process
    assert main(["check", f"{folder}/{name}", *ONE, *options.split()]) == status
    captured = capsys.readouterr()
    assert captured.out if status != 2 else not captured.out
    return " ".join((captured.err if status == 2 else captured.out).split())


@pytest.mark.untraced
def test_code_that_is_right_for_another_network_gets_that_first(
    tmp_path: Path, capsys: Captured
) -> None:
    text = said(tmp_path, net(), "", 1, capsys)
    assert "seed 0: It is right, if tanh is meant: --activation tanh. Mismatch: " in text
    page = tmp_path / "r.html"
    found = said(tmp_path, net(), f"--json - --html {page}", 1, capsys)
    assert json.loads(found)["right_for"] == "It is right, if tanh is meant: --activation tanh."
    assert json.loads(found)["called"][0].startswith("Called: Net.loss. Its parameters are in net")
    assert "--activation tanh" in page.read_text(encoding="utf-8")
    assert "Called: Net.loss." in page.read_text(encoding="utf-8")


@pytest.mark.untraced
def test_the_network_that_is_meant_is_chosen_by_options(tmp_path: Path, capsys: Captured) -> None:
    text = said(tmp_path, net(), "--activation tanh --detect", 0, capsys)
    assert "net.py:Net.loss against tanh in hidden layers, softmax outputs" in text
    assert "It is right for this network, and for no other of the usual ones." in text
    found = json.loads(said(tmp_path, net(), "--activation tanh --mean --json -", 0, capsys))
    assert found["right_for"] is None
    assert found["network"].startswith("tanh in hidden layers")
    assert [one["penalty"] for one in found["problems"]] == [None]


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("loss", "slope", "form"),
    [
        ("self.reg / 2", "self.reg", "l2/2 times the squared weights."),
        ("self.reg", "2 * self.reg", "l2 times the squared weights."),
        ("self.reg / 2 / len(y)", "self.reg / len(y)", "l2/(2 S) times the squared weights."),
        ("3 * self.reg", "6 * self.reg", "a penalty of 0.6/2 times the squared weights."),
        ("0", "0", "no penalty: it does not use it."),
    ],
)
def test_a_penalty_is_tried_and_its_form_is_said(
    loss: str, slope: str, form: str, tmp_path: Path, capsys: Captured
) -> None:
    text = said(tmp_path, net(loss, slope), "--activation tanh", 0, capsys)
    assert (
        f"Its argument for a penalty, l2, was tried with 0.1, too: it is right for {form}" in text
    )


@pytest.mark.traced("0-self.reg-W0 is wrong; loss, b0, W1 and b1 agree.")
@pytest.mark.parametrize(
    ("slope", "top", "wrong"),
    [
        ("0", "self.reg", "W0 is wrong; loss, b0, W1 and b1 agree."),
        ("2 * self.reg", "2 * self.reg", "W0 and W1 are wrong; loss, b0 and b1 agree."),
    ],
)
def test_a_penalty_that_is_wrong_is_a_mismatch(
    slope: str, top: str, wrong: str, tmp_path: Path, capsys: Captured
) -> None:
    text = said(tmp_path, net("self.reg / 2", slope, top), "--activation tanh", 1, capsys)
    assert f"Mismatch: {wrong}" in text
    assert (
        "with 0.1 for its argument l2, against a penalty of l2/2 times the squared weights (the"
        " nearest: it is right for none):" in text
    )
    right = said(
        tmp_path, net("self.reg / 2", slope, top), "--activation tanh --set reg=0", 0, capsys
    )
    assert "was tried with" not in right


@pytest.mark.untraced
def test_a_penalty_that_is_given_is_not_looked_for(tmp_path: Path, capsys: Captured) -> None:
    options = "--activation tanh --l2 0.3"
    text = said(tmp_path, net("self.reg / 2", "self.reg"), options, 0, capsys)
    assert "a penalty of 0.3/2 times the squared weights Match:" in text
    assert "was tried with" not in text


def test_an_argument_for_twice_the_penalty_gets_half_of_it(
    tmp_path: Path, capsys: Captured
) -> None:
    """So that the penalty is the one of the option; what is wrong with both stays wrong."""
    options = "--activation tanh --l2 0.3"
    text = said(tmp_path, net("self.reg", "2 * self.reg"), options, 0, capsys)
    assert "a penalty of 0.3/2 times the squared weights Match:" in text
    assert "Its penalty is l2, not l2/2, times the squares: its argument gets 0.15." in text
    text = said(tmp_path, net("self.reg", "3 * self.reg"), options, 1, capsys)
    assert "its argument gets" not in text


WITHOUT_BIASES = """
import numpy as np


def cost(theta, X, y, lam):
    p = 1 / (1 + np.exp(-X @ theta))
    rest = np.r_[0, theta[1:]]
    value = -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean() + lam / 2 * rest @ rest
    return value, X.T @ (p - y) / len(y) + lam * rest
"""


def test_a_column_of_ones_in_the_data_is_no_wrong_penalty(tmp_path: Path, capsys: Captured) -> None:
    text = said(tmp_path, WITHOUT_BIASES, "--output sigmoid --shape 6,1", 0, capsys)
    assert "Where a column of X is ones, and its weight a bias" in text
    assert "shape" not in text


UPDATES = """
import numpy as np


class Net:
    def __init__(self, n_in, n_hidden, n_out):
        self.W1, self.b1 = np.zeros((n_in, n_hidden)), np.zeros(n_hidden)
        self.W2, self.b2 = np.zeros((n_hidden, n_out)), np.zeros(n_out)

    def train_step(self, X, y, lr):
        h = np.log1p(np.exp(X @ self.W1 + self.b1))
        e = np.exp(h @ self.W2 + self.b2)
        d = e / e.sum(axis=1, keepdims=True)
        d[np.arange(len(y)), y] -= 1
        d /= len(y)
        dh = d @ self.W2.T * (1 - np.exp(-h))
        self.W2 -= lr * h.T @ d
        self.b2 -= lr * d.sum(axis=0)
        self.W1 -= lr * X.T @ dh
        self.b1 -= lr * dh.sum(axis=0)
"""


MISSING = """
data = open("nowhere.csv")
Net(1, 2, 3).train_step(data, data, 1)
"""


@pytest.mark.untraced
def test_a_file_whose_data_are_missing_is_taken_where_no_definition_needs_them(
    tmp_path: Path, capsys: Captured
) -> None:
    """Code that was not run is told; where nothing is found, or a definition needs it, refused."""
    text = said(tmp_path, UPDATES + MISSING, "", 0, capsys)
    assert "net.py could not be run (FileNotFoundError: " in text
    assert "what is called does not need it." in text
    for lost in ("def other(x): return x\n", f"{UPDATES}\ndef reads(x): return data, x\n"):
        text = said(tmp_path, lost + MISSING.splitlines()[1], "", 2, capsys)
        assert "(FileNotFoundError); it needs nowhere.csv: put it " in text


def test_code_that_only_updates_is_held_against_other_networks_too(
    tmp_path: Path, capsys: Captured
) -> None:
    """By the gradient that its steps are made of."""
    text = said(tmp_path, UPDATES, "--detect", 0, capsys)
    assert "It is right for this network, and for no other of the usual ones." in text
    text = said(tmp_path, UPDATES, "--sum", 1, capsys)
    assert "It is right, if cross-entropy averaged over samples is meant: without options." in text


@pytest.mark.untraced
def test_code_that_raises_on_other_data_is_checked_without_a_search(
    tmp_path: Path, capsys: Captured
) -> None:
    raising = net().replace(
        "        h = np.tanh", "        assert len(X) != 13\n        h = np.tanh"
    )
    text = said(tmp_path, raising, "--activation relu", 1, capsys)
    assert "It is right" not in text
    assert "Mismatch:" in text


def test_a_class_a_method_and_a_module_may_be_named(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed(tmp_path, {"net_of_theirs.py": net()})
    monkeypatch.chdir(tmp_path)
    for spec in ("net_of_theirs.py:Net", "net_of_theirs.py:Net.loss", "net_of_theirs:Net"):
        assert main(["check", spec, *ONE, "--activation", "tanh"]) == 0
        assert ":Net.loss against tanh" in capsys.readouterr().out
    for spec, message in (
        ("net_of_theirs:Neat", "has no Neat; check the name"),
        ("net_of_theirs:Net.lost", "has no Net.lost; check the name"),
        ("net_of_theirs", "expected FILE or FILE:NAME, got 'net_of_theirs'"),
    ):
        assert main(["check", spec, *ONE, "--activation", "tanh"]) == 2
        assert message in capsys.readouterr().err


DEEP = """
import numpy as np


def gradients(params, X, Y):
    a = [X]
    for W, b in params[:-1]:
        a.append(np.tanh(a[-1] @ W + b))
    W, b = params[-1]
    d = (a[-1] @ W + b - Y) / len(X)
    found = []
    for i in range(len(params) - 1, -1, -1):
        found.insert(0, (a[i].T @ d, d.sum(axis=0)))
        d = d @ params[i][0].T * (1 - a[i] ** 2)
    return found
"""


@pytest.mark.untraced
def test_a_shape_has_any_depth(tmp_path: Path, capsys: Captured) -> None:
    options = "--activation tanh --loss half-mse --shape"
    for shape, status in (("4,6,5,3", 0), ("4,3", 0), ("4,6,3", 0)):
        text = said(tmp_path, DEEP, f"{options} {shape}", status, capsys)
        assert "Match: on the problem everything agrees" in text
    wrong = said(
        tmp_path, DEEP.replace("1 - a[i] ** 2", "1 - a[i]"), f"{options} 4,6,5,3", 1, capsys
    )
    assert ", shape " in wrong
    assert sizes_in(None) == ()


def test_explain_prints_an_adapter_to_paste(tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "r.json"
    text = said(tmp_path, net(), f"--explain --json {file}", 0, capsys)
    assert text.startswith("Called: Net.loss.")
    assert "from net import Net def gradients(parameters, X, Y" in text
    found = json.loads(file.read_text(encoding="utf-8"))
    assert found["entry"] == "Net.loss"
    assert "".join(found["adapter"].split()) in "".join(text.split())


LOOP = """
import numpy as np

W = np.ones((2, 1))
for i in range(3):
    W -= 0.1 * W
"""


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (LOOP, "", "; what the loop in line 5 computes stays inside it. Move one pass of it,"),
        (LOOP + LOOP[1:], "", "; what the loops in line 5 and line 10 compute stays inside them"),
        (
            "def backward(X, Y, W1, b1, W2, b2): return score",
            "",
            ". An argument whose value is not known is",
        ),
        ("N = 3", "--shape 4,3", ". Write your forward and backward pass as a function like"),
    ],
)
def test_where_nothing_is_found_the_way_out_is_said(
    text: str, options: str, message: str, tmp_path: Path, capsys: Captured
) -> None:
    error = said(tmp_path, text, options, 2, capsys)
    assert f"crosscheck: nothing in {tmp_path}/net.py returns, keeps or updates a gradient" in error
    assert message in error
    assert "def gradients(parameters, X, Y):" in error
    assert ("Traceback" in error) == ("score" in text)
    assert template(2).splitlines()[1].split()[:4] == ["W0,", "b0,", "W1,", "b1"]


ONE_OUTPUT = """
import numpy as np


def backward(X, Y, W1, b1, W2, b2):
    h = np.log1p(np.exp(X @ W1 + b1))
    d = (1 / (1 + np.exp(-(h @ W2 + b2))) - Y) / len(X)
    dh = d @ W2.T * (1 - np.exp(-h))
    return X.T @ dh, dh.sum(axis=0), h.T @ d, d.sum(axis=0)
"""


def test_one_output_is_a_sigmoid_and_ties_and_unused_values_are_said(
    tmp_path: Path, capsys: Captured
) -> None:
    text = said(tmp_path, ONE_OUTPUT, "--set reg=0.5 --shape 4,6,1", 0, capsys)
    assert "A softmax of one output is always 1: it is checked with a sigmoid output" in text
    assert "Not used: --set reg=0.5; what is called has no argument of that name." in text


@pytest.mark.untraced
def test_a_notebook_is_checked_as_it_stands(tmp_path: Path, capsys: Captured) -> None:
    page = notebook("import numpy as np", net())
    text = said(tmp_path, page, "--activation tanh", 0, capsys, "net.ipynb")
    assert "net.ipynb:Net.loss against tanh" in text


PLAIN = """
import numpy as np


def gradients(parameters, X, Y):
    W0, b0, W1, b1 = parameters
    h = np.tanh(X @ W0.T + b0)
    e = np.exp(h @ W1.T + b1)
    d = (e / e.sum(axis=1, keepdims=True) - np.eye(len(b1))[Y]) / len(X)
    dh = d @ W1 * (1 - h**2)
    return dh.T @ X, dh.sum(axis=0), d.T @ h, d.sum(axis=0)
"""


def test_a_function_of_the_built_in_network_may_be_right_for_another(
    tmp_path: Path, capsys: Captured
) -> None:
    first = "It is right, if tanh is meant: --activation tanh. Mismatch:"
    assert first in said(tmp_path, PLAIN, "", 1, capsys)
    right = PLAIN.replace("np.tanh(X @ W0.T + b0)", "np.log1p(np.exp(X @ W0.T + b0))")
    right = right.replace("1 - h**2", "1 - np.exp(-h)")
    assert "It is right for this network, and for no" in said(
        tmp_path, right, "--detect", 0, capsys
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--explain --html r.html", "--explain has no page of HTML"),
        ("--theta --activation tanh", "are for the built-in network; how code of another"),
        ("--theta --shape 4,3", "need --shape N_I,N_H,N_O"),
        ("--loss x.py:f --parameters x.py:g --explain", "--explain, --set and --detect are for"),
        ("--loss x.py:f --parameters x.py:g --l2 1", "do not go with --parameters"),
        ("--loss bce", "or --loss one of cross-entropy, binary-cross-entropy, mse"),
        ("--l2 x", "l2 is 'x'; it needs to be a number"),
        ("--set reg", "got 'reg'; it needs NAME=VALUE"),
    ],
)
def test_options_that_do_not_go_together_are_one_line(
    options: str, message: str, tmp_path: Path, capsys: Captured
) -> None:
    placed(tmp_path, {"net.py": net()})
    with pytest.raises(SystemExit) as stopped:
        _ = main(["check", f"{tmp_path}/net.py", *options.split()])
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_the_smallest_problem_is_looked_for_with_one_hidden_layer(capsys: Captured) -> None:
    with pytest.raises(SystemExit) as ended:
        _ = main(["falsify", "mine.py:gradients", "--shape", "4,3"])
    assert ended.value.code == 2
    assert (
        "got '4,3'; it needs three integers of at least 1, as in 4,16,3" in capsys.readouterr().err
    )


def test_an_activation_that_does_not_exist_is_refused(capsys: Captured) -> None:
    """A slope of a leaky ReLU is part of its name."""
    with pytest.raises(SystemExit):
        _ = main(["check", "network.py", "--activation", "leaky-relu-2"])
    text = capsys.readouterr().err
    assert "argument --activation: 'leaky-relu-2' is none; it needs to be one of softplus" in text
    assert "as in leaky-relu-0.05" in text
