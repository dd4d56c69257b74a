"""The files of code as other people write it, with the network of each and how it is loaded."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from autograd_ref.adapting.undisturbed import quiet
from autograd_ref.commands.as_written.whole_files import opened
from autograd_ref.networks.architecture import Architecture
from autograd_ref.networks.choosing import architecture

FOLDER = Path(__file__).parent
ACTIVATIONS = {"leaky relu": "leaky-relu", "none": "softplus"}
"""Names of the manifest, with ours."""

PENALTIES = {
    "students/modular_net.py": (0.01, 0.01),
    "strangers/score_net.py": (0.05, 0.1),
    "strangers/ex4.py": (1.0, "1/S"),
}
"""The factor given to code with a mistake in its penalty, and the l2 of the network it means."""


class RealFile(NamedTuple):
    """A file of the corpus, and what its manifest says."""

    name: str
    """students/main.py."""
    right: bool
    reachable: bool
    """True where a call gets at the gradient."""
    network: Architecture
    """The one that it means, without its penalty, of any sizes."""

    @property
    def path(self) -> Path:
        """Where it lies."""
        return FOLDER / self.name

    @property
    def is_notebook(self) -> bool:
        """True for a notebook, which nothing imports by its name."""
        return self.path.suffix == ".ipynb"


def corpus() -> list[RealFile]:
    """All files, in the order of the manifests."""
    found: list[RealFile] = []
    for folder in ("students", "strangers"):
        manifest = json.loads((FOLDER / folder / "manifest.json").read_text(encoding="utf-8"))
        for row in manifest:
            name = f"{folder}/{row['file']}"
            found.append(RealFile(name, row["right"], row["reachable"], _network(row)))
    return found


def _network(row: dict[str, Any]) -> Architecture:
    """The network that a manifest says: half-sse is called sse here, and sse a sum of mse."""
    loss, is_sum = row["loss"], row["reduction"] == "sum"
    if loss == "sse":
        loss, is_sum = "mse", True
    if loss == "half-sse":
        loss, is_sum = "sse", True
    return architecture(
        (5, 7, 2 if row["output"] == "softmax" else 1),
        activation=ACTIVATIONS.get(row["activation"]) or row["activation"],
        output=row["output"],
        loss=loss,
        reduction="sum" if is_sum else None,
    )


def loaded(one: RealFile) -> ModuleType:
    """The module of a file, run as far as it runs, without what it prints."""
    with quiet():
        return opened(one.path.name, one.path.parent, None).module
