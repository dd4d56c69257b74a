"""The names that somebody's code uses as sizes of layers: those of one letter mean many things."""

import ast
from collections.abc import Iterator
from itertools import permutations

from autograd_ref.adapting.by_name.code_of import last_name

SHOWN = "print", "format", "range"
"""Functions whose arguments side by side are no sizes side by side."""

Pairs = frozenset[tuple[str, str]]


def names_side_by_side(tree: ast.AST) -> Pairs:
    """Return the names that stand side by side in a shape, a call or a comparison.

    Args:
        tree: of their code.

    Examples:
        >>> tree = ast.parse("W = np.zeros((n, h)); k = m * n; assert (m, n) == (4, 6)")
        >>> sorted(names_side_by_side(tree))
        [('h', 'n'), ('m', 'n'), ('n', 'h'), ('n', 'm')]
    """
    return frozenset(pair for group in _groups(tree) for pair in permutations(group, 2))


def _groups(tree: ast.AST) -> Iterator[set[str]]:
    """The names in each call or comparison; a list that is made in loops has theirs together."""
    for node in ast.walk(tree):
        inside: list[ast.AST] = []
        if isinstance(node, ast.Call) and last_name(node.func) not in SHOWN:
            inside = [*node.args, *(one.value for one in node.keywords)]
        elif isinstance(node, ast.Compare | ast.ListComp):
            inside = [node]
        names = [n for one in inside for n in ast.walk(one) if isinstance(n, ast.Name)]
        yield {one.id for one in names}
