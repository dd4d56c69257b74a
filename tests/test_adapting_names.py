"""Names and source of somebody's code: parts, layers, and how an argument is used."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from autograd_ref.adapting.by_name.code_of import returned_names, signature_of, tree_of
from autograd_ref.adapting.by_name.layers_by_name import Named, named_layers
from autograd_ref.adapting.by_name.roles import Role, roles_of
from autograd_ref.adapting.by_use.argument_uses import Uses, uses_of


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("X", "X"),
        ("X_train", "X"),
        ("inputs_list", "X"),
        ("y", "Y"),
        ("targets", "Y"),
        ("one_hot", "Y"),
        ("theta", "parameters"),
        ("params_vec", "parameters"),
        ("caches", "cache"),
        ("lr", "rate"),
        ("_learning_rate", "rate"),
        ("lambda_", "l2"),
        ("weight_decay", "l2"),
        ("epochs", "steps"),
        ("batch_size", "samples"),
        ("random_state", "seed"),
        ("rng", "generator"),
        ("verbose", "quiet"),
        ("dout", "upstream"),
        ("W1", "array"),
        ("w_h_o", "array"),
        ("bias_out", "array"),
        ("training_data", "both"),
    ],
)
def test_a_name_tells_the_part_that_an_argument_plays(name: str, first: Role) -> None:
    """The likeliest part comes first."""
    assert roles_of(name)[0] == first


@pytest.mark.parametrize(
    ("name", "first"),
    [("n_in", "inputs"), ("hidden_size", "hidden"), ("num_classes", "outputs"), ("dims", "sizes")],
)
def test_a_constructor_is_asked_for_sizes(name: str, first: Role) -> None:
    """Names that may be a size or another thing are sizes there."""
    assert roles_of(name, of_sizes=True)[0] == first


def test_a_name_that_tells_nothing_has_no_part() -> None:
    """None is claimed."""
    assert roles_of("qqq") == []


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["W1", "b1", "W2", "b2"], Named(("W1", "W2"), ("b1", "b2"))),
        (["b2", "W2", "b10", "W10"], Named(("W2", "W10"), ("b2", "b10"))),
        (["w_h_o", "w_i_h"], Named(("w_i_h", "w_h_o"), ())),
        (["Why", "Wxh", "by", "bh"], Named(("Wxh", "Why"), ("bh", "by"))),
        (
            ["weights_out", "weights_in", "bias_out", "bias_in"],
            Named(("weights_in", "weights_out"), ("bias_in", "bias_out")),
        ),
        (["U", "V", "W"], Named(("U", "V", "W"), ())),
        (["W1", "W2", "b1"], None),
        (["colour", "b1"], None),
        ([], None),
    ],
)
def test_names_are_arrays_of_layers(names: list[str], expected: Named | None) -> None:
    """By their numbers, or by what names the outputs; None where they do not fit together."""
    assert named_layers(names) == expected


def by_key(params: Any) -> Any:
    """Looks up keys, a made one among them, and a method that is no key."""
    copied = params.copy()
    return params["W1"], params["b1"], params["W" + "2"], copied


def by_stem(params: Any, layers: int) -> Any:
    """Makes its keys."""
    return [params[f"W{i}"] @ params["b" + str(i) + "x"] for i in range(layers)]


def by_attribute(net: Any) -> Any:
    """Reads attributes."""
    return net.W1 + net.b1


def unpacks(params: Any) -> Any:
    """Takes it apart by place, and renames it as well."""
    whole = params
    A, a, B, b = params
    return A, a, B, b, whole


def loops(weights: Any) -> Any:
    """Counts through it."""
    total = 0.0
    for _place, one in enumerate(weights):
        total = total + one
    return total


def slices(theta: Any) -> Any:
    """A part of a vector."""
    return theta[:3], theta[i_of(1)], theta[f"{i_of(2)}"]


def i_of(one: int) -> int:
    """A place."""
    return one


def passes_on(params: Any) -> Any:
    """Leaves it to others."""
    return by_key(params), by_attribute(net=params), by_stem(1, layers=2), passes_on(params)


def passes_by_keyword(params: Any) -> Any:
    """By another name, and beside something else."""
    return unpacks(params=params), by_stem(layers=params, params=3), len(params)


@pytest.mark.parametrize(
    ("function", "argument", "expected"),
    [
        (by_key, "params", Uses(("W1", "b1"), ("W",))),
        (by_stem, "params", Uses((), ("W", "b"))),
        (by_attribute, "net", Uses(attributes=("W1", "b1"))),
        (unpacks, "params", Uses(unpacked=("A", "a", "B", "b"))),
        (loops, "weights", Uses(indexed=True)),
        (slices, "theta", Uses(indexed=True)),
        (passes_on, "params", Uses(("W1", "b1"), ("W",), ("W1", "b1"))),
        (passes_by_keyword, "params", Uses(unpacked=("A", "a", "B", "b"))),
        (len, "params", Uses()),
    ],
)
def test_the_source_tells_how_an_argument_is_taken_apart(
    function: Callable[..., Any], argument: str, expected: Uses
) -> None:
    """Itself, or in what it passes it on to; nothing where there is no source."""
    assert uses_of(function, argument) == expected


def returns_several(x: Any) -> Any:
    """The last statement counts, and what an inner function returns does not."""
    if x is None:
        return None

    def inner() -> Any:
        return 1, 2, 3

    y = inner
    return y, x.shape, x + 1


def returns_nothing(x: Any) -> None:
    """No return."""
    del x


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (returns_several, ("y", "shape", "")),
        (i_of, ("one",)),
        (returns_nothing, ()),
        (len, ()),
    ],
)
def test_the_source_tells_what_is_returned(
    function: Callable[..., Any], expected: tuple[str, ...]
) -> None:
    """The names in the last return statement; empty for what is none."""
    assert returned_names(function) == expected


class Unhashable(NamedTuple):
    """A layer that is called, and has no hash: there is a list in it."""

    units: list[int]

    def __call__(self, x: float) -> float:
        return x * len(self.units)


@pytest.mark.parametrize("called", [Unhashable([1]), lambda x: x])
def test_a_signature_is_found_for_what_has_no_hash(called: Callable[[float], float]) -> None:
    """The result is a list of the caller's own."""
    assert [one.name for one in signature_of(called)] == ["x"]
    signature_of(called).clear()
    assert [one.name for one in signature_of(called)] == ["x"]


def test_a_lambda_has_no_tree() -> None:
    """Its source is a statement that holds it, and no function."""
    nameless = [lambda x: x]
    assert not tree_of(nameless[0]).body
