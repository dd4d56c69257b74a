"""The models: those of models/, and those of a folder elsewhere."""

import ast
import importlib.util
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

OURS = Path(__file__).parent / "models"


class Model(NamedTuple):
    """A loss with its gradients, right and wrong."""

    name: str
    module: ModuleType

    @property
    def mistakes(self) -> Mapping[str, tuple[str, str]]:
        """By title: a piece of the line at fault, and what a good explanation says."""
        return self.module.MISTAKES

    @property
    def loss(self) -> Callable[..., Any]:
        """In PyTorch."""
        return self.module.loss

    def point(self, seed: int) -> tuple[Any, tuple[Any, ...]]:
        """Return parameters and data."""
        return self.module.point(np.random.default_rng(seed))

    def gradients(self, mistake: str | None = None) -> Callable[..., Any]:
        """Return the gradients by hand, with a mistake or without any."""
        return lambda *arguments: self.module.gradients(*arguments, mistake=mistake)

    def lines(self, line: int) -> str:
        """Return the statement that has a line, or as much of it as is no inner block."""
        assert self.module.__file__ is not None
        return _statements(self.module.__file__).get(line, "")


def models(folder: Path = OURS) -> dict[str, Model]:
    """Return the models of a folder, by their names."""
    files = sorted(folder.rglob("*.py"), key=lambda file: file.stem)
    found = (_loaded(file) for file in files if file.stem != "__init__")
    return {model.name: model for model in found if hasattr(model.module, "MISTAKES")}


def _loaded(file: Path) -> Model:
    spec = importlib.util.spec_from_file_location(f"naming_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return Model(file.stem, module)


@cache
def _statements(file: str) -> dict[int, str]:
    source = Path(file).read_text(encoding="utf-8")
    lines = source.splitlines()
    found = dict(enumerate(lines, 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt) and not hasattr(node, "body"):
            inside = range(node.lineno, (node.end_lineno or node.lineno) + 1)
            found.update(dict.fromkeys(inside, "\n".join(lines[i - 1] for i in inside)))
    return found
