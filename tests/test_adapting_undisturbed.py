"""Somebody's code leaves no trace: what it prints is left out, what it changes is put back."""

import sys
import warnings
from collections.abc import Callable, Generator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from autograd_ref.adapting import undisturbed
from autograd_ref.adapting.undisturbed import left_as_it_was, quiet
from autograd_ref.calls.random_state import LEGACY
from tests.real_code.of_text import forget, module_of

Modules = Callable[..., ModuleType]

TEXT = """
class Net:
    count, shared = 0, np.zeros(2)
    def __init__(self):
        self.W1, self.row = np.zeros(3), [np.zeros(1)]
net, other = Net(), np.zeros(4)
pair, row, table, cells = (np.zeros(1),), [np.zeros(1)], {"a": np.zeros(1)}, np.empty(1, object)
cells[0] = np.zeros(2)
fixed = np.zeros(2)
fixed.flags.writeable = False
rng = np.random.default_rng(3)
deep = [[[[[np.zeros(1)]]]]]
library, kind = np, dict
row.append(row)
"""


@pytest.fixture
def of_text() -> Generator[Modules]:
    """Makes a module of a text, which is forgotten afterwards."""
    yield module_of
    forget()


def changes(module: Any) -> None:
    """All that code may do to what it finds."""
    module.Net.count, module.Net.new, module.Net.shared = 1, 2, module.Net.shared + 1
    del module.net.row[0]
    module.net.W1 += 1
    module.net.dW1 = module.net.W1
    module.other = module.other + 1
    module.new = 3
    module.pair[0][0] = module.row[0][0] = module.table["a"][0] = module.cells[0][0] = 1
    module.row.clear()
    module.table["b"] = 1
    del module.kind
    _ = module.rng.normal(), LEGACY.rand()


@pytest.mark.parametrize(
    "thing",
    [
        lambda module: module,
        lambda module: module.Net,
        lambda module: module.net,
        lambda module: module.net.__init__,
    ],
    ids=["module", "class", "instance", "method"],
)
def test_what_code_changes_is_put_back(thing: Any, of_text: Modules) -> None:
    """Names, attributes, entries of arrays, lists and dicts, and random generators."""
    module: Any = of_text(TEXT)
    names, legacy = {*vars(module)}, LEGACY.get_state()[1].copy()
    before = module.other
    with left_as_it_was(thing(module)):
        changes(module)
        assert module.net.W1.any()
    assert {*vars(module)} == names
    assert module.other is before
    assert (module.Net.count, hasattr(module.Net, "new")) == (0, False)
    assert [*vars(module.net)] == ["W1", "row"]
    arrays = [module.net.W1, module.net.row[0], module.pair[0], module.row[0], module.cells[0]]
    arrays += [module.Net.shared, module.table["a"]]
    assert not any(array.any() for array in arrays)
    assert [*module.table] == ["a"]
    assert module.rng.normal() == np.random.default_rng(3).normal()
    assert (LEGACY.get_state()[1] == legacy).all()


def test_what_raises_is_put_back(of_text: Modules) -> None:
    """An exception goes through."""
    module: Any = of_text(TEXT)

    def raises() -> None:
        with left_as_it_was(module):
            module.other += 1
            raise KeyError

    with pytest.raises(KeyError):
        raises()
    assert not module.other.any()


def test_large_arrays_are_data(of_text: Modules, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are not copied."""
    monkeypatch.setattr(undisturbed, "LARGEST", 3)
    module: Any = of_text(TEXT)
    with left_as_it_was(module):
        module.other += 1
        module.net.W1 += 1
    assert module.other.all()
    assert not module.net.W1.any()


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    """Neither by print, nor as a warning."""
    with warnings.catch_warnings(record=True) as caught, quiet():
        _ = sys.stdout.write("loud"), sys.stderr.write("louder")
        warnings.warn("loudest", stacklevel=1)
        _ = np.ones(1) / np.zeros(1)
    captured = capfd.readouterr()
    assert (captured.out, captured.err, caught) == ("", "", [])
