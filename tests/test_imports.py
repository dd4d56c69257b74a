"""Importing loads no more than is needed, and the packages offer the names that they promise."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import autograd_ref
import manual_backprop


def loaded_by(statement: str) -> set[str]:
    """The top-level modules in a fresh interpreter after this statement."""
    code = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_manual_backprop_needs_only_numpy() -> None:
    loaded = loaded_by("import manual_backprop; manual_backprop.load_penguins()")
    assert "numpy" in loaded
    assert not loaded & {"torch", "autograd_ref", "scipy", "hypothesis", "rich"}


@pytest.mark.untraced
def test_autograd_ref_loads_torch_at_first_use_only() -> None:
    assert not loaded_by("import autograd_ref") & {"torch", "scipy", "hypothesis", "rich"}
    assert "torch" in loaded_by("import autograd_ref; autograd_ref.loss_and_gradients")


def test_nothing_else_is_loaded_before_the_command_can_catch_an_interrupt() -> None:
    """Whatever is loaded before `main` runs is time in which Ctrl-C shows a traceback."""
    code = (
        "import sys; before = set(sys.modules); import autograd_ref.commands;"
        " print(*set(sys.modules) - before)"
    )
    command = [sys.executable, "-S", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT.parent)
    assert set(done.stdout.split()) == {"autograd_ref", "autograd_ref.commands"}


@pytest.mark.untraced
def test_these_tests_can_fail() -> None:
    assert "torch" in loaded_by("import manual_backprop, torch")
    assert "torch" in loaded_by("import autograd_ref.network")


def imported_by(file: Path) -> set[str]:
    """The modules that a file imports from."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    plain = {a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
    return plain | {
        node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module
    }


def arithmetic_by_hand_in(imports: set[str]) -> set[str]:
    data = {f"manual_backprop.{name}" for name in ("arguments", "parameters", "validation")}
    return {name for name in imports if name.startswith("manual_backprop")} - data


TOGETHER = {"commands", "selftest", "training"}
"""Where the two are compared, or run side by side."""

ROOT = Path(autograd_ref.__path__[0])
REFERENCE = [
    f for f in ROOT.rglob("*.py") if not TOGETHER & {*f.relative_to(ROOT).with_suffix("").parts}
]


@pytest.mark.untraced
@pytest.mark.parametrize("file", REFERENCE, ids=str)
def test_the_reference_shares_data_but_no_arithmetic_with_the_hand_derived_side(
    file: Path,
) -> None:
    assert not arithmetic_by_hand_in(imported_by(file))


@pytest.mark.parametrize("file", [*Path(manual_backprop.__path__[0]).glob("*.py")], ids=str)
def test_the_hand_derived_side_imports_neither_torch_nor_the_reference(file: Path) -> None:
    tops = {name.partition(".")[0] for name in imported_by(file)}
    assert not tops & {"torch", "autograd_ref"}


def test_the_tests_above_would_notice() -> None:
    assert any(file.parent.name == "mistakes" for file in REFERENCE)
    from autograd_ref.commands.comparison import side_by_side

    assert arithmetic_by_hand_in(imported_by(Path(side_by_side.__file__)))
    tops = {name.partition(".")[0] for name in imported_by(Path(side_by_side.__file__))}
    assert tops & {"torch", "autograd_ref"}


def test_the_public_names_are_exactly_these() -> None:
    assert sorted(manual_backprop.__all__) == [
        "Activations",
        "NetworkShape",
        "Parameters",
        "backend",
        "forward",
        "gauss_newton_vector_product",
        "hessian_vector_product",
        "initialize",
        "load_penguins",
        "loss",
        "loss_and_gradients",
    ]
    assert sorted(autograd_ref.__all__) == [
        "Block",
        "Cause",
        "Counterexample",
        "GradientMismatch",
        "Network",
        "Report",
        "ScipyReport",
        "__version__",
        "adapt",
        "assert_backward_matches",
        "assert_gradients_match",
        "assert_hessian_matches",
        "assert_jacobian_matches",
        "assert_scipy_matches",
        "check_backward",
        "check_gradients",
        "check_hessian",
        "check_hvp",
        "check_jacobian",
        "check_scipy",
        "check_step",
        "falsify",
        "loss_and_gradients",
        "problems",
    ]


def test_every_public_name_of_autograd_ref_is_there() -> None:
    for name in autograd_ref.__all__:
        assert getattr(autograd_ref, name) is not None
        assert name in dir(autograd_ref)


def test_a_submodule_is_loaded_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = autograd_ref.problems
    monkeypatch.delattr(autograd_ref, "problems")
    assert autograd_ref.problems is loaded


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'loss_and_gradient'"):
        _ = autograd_ref.loss_and_gradient  # pyright: ignore[reportAttributeAccessIssue]  its absence is the point


def test_every_public_name_has_an_example() -> None:
    """The doctests of --doctest-modules run them."""
    data = {"__version__", "problems"}
    for name in {*autograd_ref.__all__} - data:
        assert ">>> " in (getattr(autograd_ref, name).__doc__ or ""), name
    assert ">>> " in (autograd_ref.problems.problems.__doc__ or "")
