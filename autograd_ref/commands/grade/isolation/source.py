"""Marks in a submission's text: ways into the grader's memory of which Python does not tell."""

import ast
from collections.abc import Iterator
from pathlib import Path

from autograd_ref.commands.grade.outcome import Mark

OF_FRAMES = {"f_back", "f_locals", "f_globals", "f_builtins", "tb_frame", "gi_frame", "cr_frame"}
OF_OBJECTS = {"__globals__", "__closure__", "__subclasses__", "__builtins__", "cell_contents"}
OF_SYS = {"modules", "settrace", "setprofile"}
"""Members of sys by which modules that are loaded, as PyTorch is, can be had or watched."""
OF_BUILTINS = {"__import__", "open"}
"""Members of builtins; to replace them would be to hide from whoever watches them."""


def marks_in(folder: Path) -> list[Mark]:
    """The marks in all Python files of a folder, each once."""
    found: dict[Mark, None] = {}
    for file in sorted(folder.rglob("*.py")):
        try:
            tree = ast.parse(file.read_bytes())
        except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):  # it will not run
            continue
        found |= {Mark("memory", f"reads {name}"): None for name in _ways_in(tree)}
    return list(found)


def _ways_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else ""
            if node.attr in OF_FRAMES | OF_OBJECTS:
                yield node.attr
            elif owner == "sys" and node.attr in OF_SYS:
                yield f"sys.{node.attr}"
            elif owner == "builtins" and node.attr in OF_BUILTINS:
                yield f"builtins.{node.attr}"
        elif isinstance(node, ast.ImportFrom) and node.module == "sys":
            yield from (f"sys.{name.name}" for name in node.names if name.name in OF_SYS)
