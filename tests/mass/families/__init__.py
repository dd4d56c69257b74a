"""The families, by what the losses are about; importing this enters them all."""

from importlib import import_module
from pathlib import Path

for _file in sorted(Path(__file__).parent.glob("*/[!_]*.py")):
    _ = import_module(f"{__name__}.{_file.parent.name}.{_file.stem}")
