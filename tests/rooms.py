"""The imports of the package as a graph: rooms, edges, cycles; `python -m tests.rooms` shows it."""

import ast
import sys
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parent.parent
ORDER: tuple[str, ...] = (
    *"commands selftest doors scipy_calls operations assignment adapting networks".split(),
    *"distributed diagnosis recording observe".split(),
    *"independent calls reference verdict report rounding tree base".split(),
)
"""From the top to the bottom: a room imports from itself and from those after it."""

AT_THE_TOP = {
    "__main__": "commands",
    "network": "assignment",
    "pytest_plugin": "commands",
    "torch_internals": "base",
    "user_code": "base",
    "versions": "base",
}
"""The rooms of modules that lie in none; the others are doors."""
Graph = Mapping[str, set[str]]


def room_of(module: str) -> str:
    """The room of a module of autograd_ref; what lies at the top is a door."""
    inside = module.split(".")[1:]
    if not inside or (len(inside) == 1 and inside[0] not in ORDER):
        return AT_THE_TOP.get(inside[0] if inside else "", "doors")
    return inside[0]


def imported(file: Path, modules: set[str]) -> Iterator[str]:
    """The modules of ours that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            inside = {f"{node.module}.{alias.name}" for alias in node.names} & modules
            yield from inside or {node.module} & modules
        elif isinstance(node, ast.Import):
            yield from {alias.name for alias in node.names} & modules


def graph_of(package: Path) -> dict[str, set[str]]:
    """Each module of a package with the modules of its own and of manual_backprop it imports."""
    files = {module_of(file, package): file for file in package.rglob("*.py")}
    by_hand = {module_of(f, f.parent): f for f in (package.parent / "manual_backprop").glob("*.py")}
    known = set(files) | set(by_hand)
    return {module: set(imported(file, known)) - {module} for module, file in files.items()}


def module_of(file: Path, package: Path) -> str:
    """The name that a file is imported by."""
    parts = [package.name, *file.relative_to(package).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def wrong_way(graph: Graph) -> list[str]:
    """The imports against the order of the rooms, and those of the network's arithmetic."""
    found: list[str] = []
    for module, others in sorted(graph.items()):
        here = room_of(module)
        for other in sorted(others):
            if other.startswith("manual_backprop"):
                allowed = here in ("assignment", "commands", "selftest")
            else:
                allowed = ORDER.index(here) <= ORDER.index(room_of(other))
            if not allowed and module != "autograd_ref":
                found.append(f"{module} -> {other}")
    return found


def cycle_in(graph: Graph) -> list[str]:
    """A circle of imports; empty where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def floors(graph: Graph) -> int:
    """The number of modules on the longest chain of imports."""
    height: dict[str, int] = {}
    for module in TopologicalSorter(graph).static_order():
        height[module] = 1 + max((height[other] for other in graph.get(module, ())), default=0)
    return max(height.values())


def described(graph: Graph) -> str:
    """Sizes, and which rooms each room imports from."""
    edges, circle = sum(map(len, graph.values())), cycle_in(graph)
    chain = 0 if circle else floors(graph)
    lines = [f"{len(graph)} modules, {edges} imports, cycle: {' -> '.join(circle) or 'none'}"]
    lines.append(f"longest chain: {chain} modules")
    for room in ORDER:
        modules = [module for module in graph if room_of(module) == room]
        to = {room_of(o) for m in modules for o in graph[m] if not o.startswith("manual_backprop")}
        below = " ".join(other for other in ORDER if other in to - {room})
        lines.append(f"{room:<12}{len(modules):>3} modules  {below}".rstrip())
    return "\n".join([*lines, *wrong_way(graph)]) + "\n"


if __name__ == "__main__":
    _ = sys.stdout.write(described(graph_of(ROOT / "autograd_ref")))
