"""Where somebody's code has its parameters: their shapes, and what holds them."""

import ast
from collections.abc import Callable, Sequence
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from autograd_ref.adapting.by_use.beside_products import beside_products_in
from autograd_ref.adapting.holding.arrays_found import arrays_in, arrays_under
from autograd_ref.adapting.holding.forms import Form, forms
from autograd_ref.adapting.holding.matching import holders
from autograd_ref.adapting.holding.setups import in_module, in_object
from autograd_ref.adapting.holding.slots import unplaced
from autograd_ref.adapting.holding.thresholds import with_thresholds
from autograd_ref.adapting.small import problems
from autograd_ref.adapting.way_search import Wanted, search
from autograd_ref.networks.choosing import architecture
from tests.real_code.of_text import forget, module_of

SIZES = (5, 7, 2)
Array = NDArray[Any]


def parameters(sizes: Sequence[int] = SIZES) -> dict[str, Array]:
    """W0, b0, W1, b1, no two entries the same."""
    random = np.random.default_rng(0)
    found: dict[str, Array] = {}
    for layer in range(len(sizes) - 1):
        found[f"W{layer}"] = random.normal(size=(sizes[layer + 1], sizes[layer]))
        found[f"b{layer}"] = random.normal(size=sizes[layer + 1])
    return found


def scope() -> dict[str, Any]:
    """The variables of a program."""
    names = {"np": np, "SimpleNamespace": SimpleNamespace}
    return {**names, "N_I": 5, "N_H": 7, "N_O": 2, **parameters()}


@pytest.mark.parametrize("form", [*forms()], ids=str)
def test_what_is_put_in_a_form_is_got_from_it(form: Form) -> None:
    """The expressions are inverses, and the shapes are those that are said."""
    own = scope()
    for layer in range(2):
        found: dict[str, Array] = {}
        for kind in form.kinds:
            found[kind] = eval(form.put(kind, layer), own)
            assert found[kind].shape == form.shape(kind, *SIZES[layer : layer + 2])
            names = ("N_I", "N_H", "N_O")[layer : layer + 2]
            assert eval(f"({', '.join(form.shape_text(kind, *names))},)", own) == found[kind].shape
        np.testing.assert_array_equal(eval(form.got("W", "W"), own | found), own[f"W{layer}"])
        if form.biases != "none":
            of = found.get("b", found["W"])
            got = eval(form.got("b", "of"), own | {"of": of})
            np.testing.assert_array_equal(got, own[f"b{layer}"])


def test_forms_are_with_arrays_for_biases_or_without() -> None:
    """Both together are all."""
    assert {*forms(biases=True)} | {*forms(biases=False)} == {*forms()}
    assert {len(form.kinds) for form in forms(biases=True)} == {2}
    assert {len(form.kinds) for form in forms(biases=False)} == {1}


class Pair(NamedTuple):
    """Fields with names."""

    W: Array
    b: Array


class Net:
    """An instance with arrays, and things that are none."""

    def __init__(self, form: Form) -> None:
        holder = unplaced(form, SIZES)
        for one in holder.slots:
            setattr(self, one.name.replace("0", "2"), np.zeros(one.shape))
        self.dW2 = np.zeros((7, 5))
        self.name, self.function, self.kind = "net", len, Net


@pytest.mark.parametrize("form", [*forms()], ids=str)
@pytest.mark.parametrize("sizes", [SIZES, None])
def test_the_arrays_of_an_instance_are_its_parameters(
    form: Form, sizes: tuple[int, ...] | None
) -> None:
    """In the form that they have, with the sizes that are asked for, or their own."""
    net = Net(form)
    if form.biases in ("first", "last", "none"):  # weights alone, whatever a column stands for
        assert form in [one.holder.form for one in in_object("net", net, SIZES)]
        return
    placed = [*in_object("net", net, sizes)]
    assert form in [one.holder.form for one in placed]
    assert all(one.holder.sizes == SIZES for one in placed)
    (mine,) = [one for one in placed if one.holder.form == form]
    own = scope() | {"net": net}
    exec("\n".join(mine.lines), own)
    back = {one.path: eval(one.path, own) for one in mine.holder.slots}
    assert all(array.any() for array in back.values())
    assert not net.dW2.any()


@pytest.mark.parametrize(
    ("value", "paths"),
    [
        (np.zeros(3), ["net"]),
        (np.array([np.zeros(2), np.zeros(3)], dtype=object), ["net[0]", "net[1]"]),
        (np.array([["a", "b"]]), []),
        (np.zeros((2, 2, 2)), []),
        ({"W": np.zeros(2), 3: [np.zeros(1)]}, ["net['W']", "net[3][0]"]),
        (Pair(np.zeros((1, 1)), np.zeros(1)), ["net[0]", "net[1]"]),
        (SimpleNamespace(a=(np.zeros(1),)), ["net.a[0]"]),
        ([[[[[np.zeros(1)]]]]], []),
        (5, []),
        (Net, []),
    ],
)
def test_arrays_are_found_wherever_they_are(value: object, paths: list[str]) -> None:
    """In lists, dicts, objects, and arrays of arrays; not too deep, and not what is no number."""
    assert [one.path for one in arrays_in(value, "net")] == paths


def test_named_fields_have_their_names() -> None:
    """Fields of a named tuple have theirs; places in a list have numbers."""
    assert [one.name for one in arrays_in(Pair(np.zeros(1), np.zeros(1)), "p")] == ["W", "b"]
    assert [one.name for one in arrays_in([np.zeros(1)], "p", "w")] == ["w0"]


def test_arrays_that_are_left_over_are_no_parameters() -> None:
    """Weights of a third layer do not belong to a network of two."""
    net = SimpleNamespace(W1=np.zeros((7, 5)), W2=np.zeros((2, 7)), W3=np.zeros((2, 2)))
    assert [*holders([*arrays_in(net, "net")], SIZES)] == []


def test_global_variables_are_parameters_under_the_names_of_parameters() -> None:
    """Data beside them are none."""
    module = ModuleType("theirs")
    vars(module).update(W1=np.zeros((5, 7)), W2=np.zeros((7, 2)), X=np.zeros((9, 5)), n=3)
    (placed,) = in_module("code", module, None)
    assert placed.holder.sizes == SIZES
    assert placed.lines == ("code.W1 = np.array(W0.T)", "code.W2 = np.array(W1.T)")
    assert [one.path for one in arrays_under(module, "code")] == ["code.W1", "code.W2", "code.X"]


def two(dtype: str = "float32") -> tuple[Array, Array]:
    """Weights of two layers."""
    return np.zeros((5, 7), dtype=dtype), np.zeros((7, 2), dtype=dtype)


HOLDING: dict[str, Callable[[Array, Array], Any]] = {
    "w[1]": lambda U, V: [U, V],
    "w[1] ": lambda U, V: (U, V),
    "w['V']": lambda U, V: {"U": U, "V": V},
    "w[1][0]": lambda U, V: [(U, None), (V, None)],
    "w[1].W": lambda U, V: ([SimpleNamespace(W=U)], SimpleNamespace(W=V)),
    "w[0][0]": lambda U, V: ((V, U), 3),
    "w.b": Pair,
}
"""Other holders of two arrays, by the place of the second."""


@pytest.mark.parametrize("place", HOLDING)
@pytest.mark.parametrize("in_a_module", [True, False])
def test_an_array_in_two_places_stays_one(place: str, in_a_module: bool) -> None:
    """In what has attributes, or in global variables; also where a tuple holds it."""
    root = ModuleType("theirs") if in_a_module else SimpleNamespace()
    U, V = two("float64" if in_a_module else "float32")
    vars(root).update(W1=U, W2=V, w=HOLDING[place](U, V))
    if isinstance(root, ModuleType):
        (placed,) = in_module("net", root, SIZES)
    else:
        (placed,) = in_object("net", root, SIZES)
    own = scope() | {"net": root}
    exec("\n".join(placed.lines), own)
    assert eval(f"net.{place}", own) is root.W2
    np.testing.assert_array_equal(root.W2, own["W1"].T)
    assert root.W2.dtype == np.float64


def arrays(*shapes: tuple[int, ...]) -> list[Array]:
    """Arrays of these shapes."""
    return [np.zeros(shape) for shape in shapes]


A, B, C, D = arrays((7, 5), (7,), (2, 7), (2,))


@pytest.mark.parametrize(
    ("net", "paths"),
    [
        (
            SimpleNamespace(grads={"W1": A, "b1": B, "W2": C, "b2": D}, W1=A, b1=B, W2=C, b2=D),
            "W1 b1 W2 b2",
        ),
        (SimpleNamespace(opt=SimpleNamespace(delta=[A, B]), p=[A, B, C, D]), "p[0] p[1] p[2] p[3]"),
        (SimpleNamespace(grads=[A, C]), ""),
        (SimpleNamespace(velocity1=A, velocity2=C), "velocity1 velocity2"),
        (SimpleNamespace(velocity1=A, velocity2=C, W1=A, W2=C), "W1 W2"),
        (SimpleNamespace(W1=A, W2=C, w3=np.zeros(2)), ""),
        (SimpleNamespace(W1=A, W2=C, other=np.zeros(4)), "W1 W2"),
        (SimpleNamespace(W1=A, W2=C, U4=np.zeros(5)), ""),
        (SimpleNamespace(W1=A, W2=C, w3=np.zeros(7), U4=np.zeros(5)), ""),
        (SimpleNamespace(w0=A, theta0=B, w1=C, theta1=D), "w0 theta0 w1 theta1"),
        (SimpleNamespace(theta0=A, theta1=C), "theta0 theta1"),
    ],
)
def test_arrays_are_told_by_what_they_lie_in_and_what_is_beside_them(
    net: SimpleNamespace, paths: str
) -> None:
    """No gradients, nothing that is kept where others are, and all that may be parameters."""
    found = [*holders([*arrays_in(net, "net")], SIZES)]
    got = {" ".join(slot.path.removeprefix("net.") for slot in one.slots) for one in found}
    assert got == ({paths} if paths else set())


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("z = w @ x - theta", {"theta"}),
        ("z = np.matmul(W1, x) - b1[:, None]", {"b1"}),
        ("z = x.dot(p['W1']) - p['b1']", {"b1"}),
        ("z = x.dot(p[0]) - p[1]", {"p"}),
        ("z = sum(w * x) - self.schwelle", {"schwelle"}),
        ("z = w @ x + b; d = w @ x - (b - c); e = y - t; f = w * x - b", set[str]()),
        ("z = -theta + w @ x", set[str]()),
        ("p = 1 / (1 + np.exp(-X @ w - b))", set[str]()),
        ("p = 1 / (1 + np.exp(-X.dot(w) - b)) + np.exp(np.dot(-X, w) - c)", set[str]()),
        ("z = w @ x + b; loss = w @ x - b", set[str]()),
    ],
)
def test_what_is_subtracted_from_products_is_named(source: str, names: set[str]) -> None:
    assert beside_products_in(ast.parse(source)).subtracted == names


THRESHOLDS = """
def slopes(w1, b1, w2, b2, X, T):
    h = np.tanh(X @ w1 - b1)
    d = h @ w2 - SECOND - T
    e = d @ w2.T * (1 - h * h)
    return X.T @ e, SIGN e.sum(0), h.T @ d, -d.sum(0)
"""


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("sign", "second", "right"), [("-", "b2", True), ("+", "b2", False), ("-", "0 - b2", False)]
)
def test_biases_that_are_subtracted_have_the_other_sign(
    sign: str, second: str, *, right: bool
) -> None:
    """A derivative that forgets it is wrong, and so is one that has it where they are added."""
    text = THRESHOLDS.replace("SIGN", sign).replace("SECOND", second)
    meant = architecture(SIZES, activation="tanh", output="linear", loss="sse")
    best = search(module_of(text), problems(meant), Wanted(sizes=(SIZES,))).best
    forget()
    assert best is not None
    assert best.is_right == right
    assert best.program.setup.where.endswith(", subtracted as thresholds")
    assert "    'b1': np.array(-b0)," in best.program.setup.lines[0].split("\n")


def test_thresholds_in_a_list_have_its_name() -> None:
    """Weights are never thresholds, wherever they are subtracted."""
    code = "def f(net, x, i): return net.W[i] @ x - net.b[i], net.b[i].sum() - net.W[i]"
    net = SimpleNamespace(W=[np.zeros((7, 5)), np.zeros((2, 7))], b=[np.zeros(7), np.zeros(2)])
    (placed,) = in_object("net", net, SIZES)
    held = with_thresholds(placed, module_of(code)).holder
    forget()
    assert [one.given for one in held.slots] == ["W0", "-b0", "W1", "-b1"]
    assert [one.is_minus for one in held.slots] == [False, True, False, True]


def test_code_without_a_source_subtracts_nothing() -> None:
    (placed, *_) = in_object("net", Net(Form("in, out")), SIZES)
    assert with_thresholds(placed, None) is placed
    assert with_thresholds(placed, ModuleType("nowhere")) is placed
