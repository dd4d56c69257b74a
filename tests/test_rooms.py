"""Imports go one way: from the commands down to nests of arrays, and nowhere in circles."""

import ast
from functools import cache

import pytest

from tests.rooms import ORDER, ROOT, cycle_in, described, floors, graph_of, room_of, wrong_way

PACKAGES = ("autograd_ref", "benchmarks", "manual_backprop")


@cache
def graph() -> dict[str, set[str]]:
    """The modules of the checker, read once."""
    return graph_of(ROOT / "autograd_ref")


@pytest.mark.untraced
def test_every_import_goes_down_the_order_of_the_rooms() -> None:
    assert wrong_way(graph()) == []


def test_there_are_no_circles() -> None:
    assert cycle_in(graph()) == []
    assert cycle_in(graph_of(ROOT / "manual_backprop")) == []


def test_every_room_is_there_and_none_is_crowded() -> None:
    assert {room_of(module) for module in graph()} == set(ORDER)
    folders = {file.parent for file in (ROOT / "autograd_ref").rglob("*.py")}
    crowded = {
        str(folder.relative_to(ROOT)): count
        for folder in folders - {ROOT / "autograd_ref"}
        if (count := len([f for f in folder.glob("*.py") if f.name != "__init__.py"])) > 9
    }
    assert not crowded


def test_no_two_modules_have_one_name() -> None:
    """But a command's file may carry the command's name, and doors that of what they show."""
    inside = [m.split(".") for m in graph() if m.count(".") > 1]
    names = [parts[-1] for parts in inside if parts[1] not in ("commands", "selftest")]
    assert sorted({name for name in names if names.count(name) > 1}) == []


def test_no_two_classes_have_one_name() -> None:
    files = [f for name in PACKAGES for f in (ROOT / name).rglob("*.py")]
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in files]
    names = [n.name for tree in trees for n in tree.body if isinstance(n, ast.ClassDef)]
    assert len(names) > 80
    assert sorted({name for name in names if names.count(name) > 1}) == []


@pytest.mark.parametrize(
    ("module", "other"),
    [
        ("autograd_ref.tree.nest", "autograd_ref.report.data"),
        ("autograd_ref.verdict.decide", "autograd_ref.observe.observed"),
        ("autograd_ref.diagnosis.search", "autograd_ref.assignment.network_model"),
        ("autograd_ref.report.data", "autograd_ref.reference.protocol"),
        ("autograd_ref.observe.observed", "manual_backprop.parameters"),
        ("autograd_ref.assignment.network_model", "autograd_ref.check"),
        ("autograd_ref.user_code", "autograd_ref.tree.nest"),
    ],
)
def test_a_wrong_import_is_noticed(module: str, other: str) -> None:
    assert wrong_way({module: {other}}) == [f"{module} -> {other}"]


@pytest.mark.parametrize(
    ("module", "other"),
    [
        ("autograd_ref.report.data", "autograd_ref.tree.nest"),
        ("autograd_ref.assignment.network_model", "manual_backprop.parameters"),
        ("autograd_ref.check", "autograd_ref.assignment.network_model"),
        ("autograd_ref.network", "manual_backprop.parameters"),
    ],
)
def test_its_neighbour_is_allowed(module: str, other: str) -> None:
    assert wrong_way({module: {other}}) == []


def test_a_circle_is_noticed_and_floors_are_counted() -> None:
    chain = {"a": {"b"}, "b": {"c"}, "c": set[str]()}
    assert cycle_in(chain) == []
    assert floors(chain) == 3
    assert set(cycle_in({**chain, "c": {"a"}})) == {"a", "b", "c"}


def test_the_description_says_what_is_wrong() -> None:
    text = described(
        {"autograd_ref.tree.nest": {"autograd_ref.check"}, "autograd_ref.check": set()}
    )
    assert text.startswith("2 modules, 1 imports, cycle: none\nlongest chain: 2 modules\n")
    assert text.endswith("autograd_ref.tree.nest -> autograd_ref.check\n")
