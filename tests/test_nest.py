"""Nests of arrays: every leaf has the name a user would type, and rebuilding loses nothing."""

import copy
from collections import OrderedDict, defaultdict
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from autograd_ref.tree.leaf import as_array, copied, is_numeric, is_tensor, like
from autograd_ref.tree.nest import Path, is_leaf, leaves, name_of, rebuilt


class Layer(NamedTuple):
    W: Any
    b: Any


@dataclass(frozen=True)
class Frozen:
    first: Any
    second: Any


@dataclass(slots=True)
class Counting:
    """Converts what it is made of, and counts how often."""

    W: Any
    made: Any = 0

    def __post_init__(self) -> None:
        self.made += 1


def doubled(_path: Path, leaf: Any) -> Any:
    return 2 * leaf


@pytest.mark.parametrize(
    ("nest", "names"),
    [
        (1.0, ["gradient"]),
        (np.zeros(3), ["gradient"]),
        ({"W0": 1, "b0": 2}, ["W0", "b0"]),
        ([1, [2, 3]], ["[0]", "[1][0]", "[1][1]"]),
        ((1, {"b": 2}), ["[0]", "[1].b"]),
        ({"layers": [Layer(1, 2), Layer(3, None)]}, ["layers[0].W", "layers[0].b", "layers[1].W"]),
        (Frozen(1, Layer(2, 3)), ["first", "second.W", "second.b"]),
        ({"a.b": 1, "a": {"b": 2}}, ["['a.b']", "a.b"]),
        ({0: 1, "0": 2}, ["[0]", "['0']"]),
        ({}, []),
        (None, []),
        (OrderedDict(z=1, a=2), ["z", "a"]),
    ],
)
def test_leaves_are_named_by_the_path_to_them(nest: object, names: list[str]) -> None:
    assert [name_of(path) for path in leaves(nest)] == names


nests = st.recursive(
    st.integers() | st.none(),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.text(max_size=3) | st.integers(0, 3), inner, max_size=3),
        st.builds(Layer, inner, inner),
        st.builds(Frozen, inner, inner),
    ),
)


@pytest.mark.untraced
@given(nests)
def test_no_two_leaves_share_a_name_and_rebuilding_keeps_everything(nest: Any) -> None:
    seen: list[Path] = []

    def note(path: Path, leaf: object) -> object:
        seen.append(path)
        return leaf

    result = rebuilt(nest, note)
    assert result == nest
    assert type(result) is type(nest)
    assert seen == list(leaves(nest))
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize(
    "nest",
    [
        {"W": 1},
        OrderedDict(b=1, a=2),
        defaultdict(list, W=1),
        Layer(1, 2),
        Frozen(1, 2),
        [1, 2],
        (1, 2),
    ],
)
def test_rebuilding_changes_the_leaves_and_neither_the_types_nor_the_original(nest: Any) -> None:
    before = copy.deepcopy(nest)
    result = rebuilt(nest, doubled)
    assert type(result) is type(nest)
    assert list(leaves(result)) == list(leaves(nest))
    assert list(leaves(result).values()) == [2 * leaf for leaf in leaves(nest).values()]
    assert nest == before


def test_a_default_survives_rebuilding() -> None:
    assert rebuilt(defaultdict(list, W=1), doubled)["absent"] == []


def test_a_dataclass_is_rebuilt_without_being_made_again() -> None:
    assert rebuilt(Counting(3), doubled).made == 2  # 1, doubled as a leaf; not counted again


def test_tensors_are_known_without_loading_torch_and_subclasses_count() -> None:
    assert is_tensor(torch.zeros(2))
    assert is_tensor(torch.nn.Parameter(torch.zeros(2)))
    assert not is_tensor(np.zeros(2))
    assert is_leaf(torch.zeros(2))
    assert not is_leaf([torch.zeros(2)])


def test_a_tensor_gives_its_values_and_not_its_history() -> None:
    tensor = torch.tensor([1.0, 2.0], requires_grad=True) * 3
    assert np.array_equal(as_array(tensor), [3.0, 6.0])


@pytest.mark.parametrize(
    "leaf", [np.arange(6.0).reshape(2, 3).T, torch.arange(3.0, requires_grad=True), 1.5, 3]
)
def test_a_copy_is_equal_and_shares_nothing(leaf: Any) -> None:
    copy_ = copied(leaf)
    assert type(copy_) is type(leaf)
    assert np.array_equal(as_array(copy_), as_array(leaf))
    if not isinstance(leaf, int | float):
        assert not np.shares_memory(as_array(copy_), as_array(leaf))
    if isinstance(leaf, torch.Tensor):
        assert isinstance(copy_, torch.Tensor)
        assert copy_.requires_grad == leaf.requires_grad


@pytest.mark.parametrize(
    "leaf",
    [np.zeros(2), np.float32(1), 1.5, 2, torch.zeros(2, dtype=torch.float32, requires_grad=True)],
)
def test_values_come_back_as_the_same_kind_of_leaf(leaf: Any) -> None:
    values = as_array(leaf) + as_array(leaf).dtype.type(1)
    result = like(leaf, values)
    assert type(result) is type(leaf)
    assert np.array_equal(as_array(result), values)
    assert as_array(result).dtype == as_array(leaf).dtype


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.zeros(2), True),
        (1, True),
        (1.5, True),
        (np.float32(1), True),
        (torch.zeros(2), True),
        ("text", False),
        (np.array(["text"]), False),
        (object(), False),
    ],
)
def test_what_is_a_number(value: object, *, expected: bool) -> None:
    assert is_numeric(value) is expected


def test_a_mapping_that_cannot_be_changed_becomes_a_dict() -> None:
    fixed = MappingProxyType({"W": 1, "b": 2})
    assert list(leaves(fixed)) == [("W",), ("b",)]
    assert rebuilt(fixed, doubled) == {"W": 2, "b": 4}
