"""Files and notebooks as students write them, put into a folder and loaded."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from autograd_ref.commands.functions.importing import UserCodeError
from autograd_ref.commands.functions.loading import Loaded, loaded


def placed(folder: Path, files: dict[str, str]) -> None:
    """Write files, by their names with folders."""
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        assert file.write_text(text, encoding="utf-8") == len(text)


def notebook(*cells: str, version: int = 4) -> str:
    """A notebook of these code cells, with some text between them."""
    if version == 3:
        old = [{"cell_type": "code", "input": cell, "language": "python"} for cell in cells]
        return json.dumps({"nbformat": 3, "worksheets": [{"cells": old}]})
    text = {"cell_type": "markdown", "metadata": {}, "source": ["# A title\n", "def gradients"]}
    empty = {"cell_type": "code", "source": []}
    code: list[dict[str, Any]] = [
        {"cell_type": "code", "source": cell.splitlines(keepends=True), "outputs": []}
        for cell in cells
    ]
    return json.dumps({"nbformat": version, "nbformat_minor": 5, "cells": [text, empty, *code]})


def taken(folder: Path, spec: str, cells: str | None = None) -> Loaded:
    """The function that is named, in a folder that one need not be in."""
    before = sys.path[:], sys.argv[:]
    found = loaded(f"{folder}/{spec}", cells=cells)
    assert (sys.path, sys.argv) == before
    return found


def refused(folder: Path, spec: str, cells: str | None = None) -> UserCodeError:
    """The error that comes instead: one line, with the folder left out."""
    before = sys.path[:], sys.argv[:]
    with pytest.raises(UserCodeError) as caught:
        _ = loaded(f"{folder}/{spec}", cells=cells)
    assert (sys.path, sys.argv) == before
    text = str(caught.value)
    assert "\n" not in text
    return UserCodeError(text.replace(f"{folder}/", ""), caught.value.trace)
