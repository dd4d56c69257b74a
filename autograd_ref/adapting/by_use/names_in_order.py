"""The names that statements read before they give them values."""

import ast
from collections.abc import Sequence


def read_first(block: Sequence[ast.AST]) -> list[str]:
    """Return the names that are read in a block before it gives them values, in order.

    Args:
        block: the statements.

    Examples:
        >>> read_first(ast.parse("h = X @ W; W -= rate * h.T @ (h - Y)").body)
        ['X', 'W', 'rate', 'Y']
    """
    visitor = _Order()
    for node in block:
        visitor.visit(node)
    return [name for name, is_read in visitor.first.items() if is_read]


class _Order(ast.NodeVisitor):
    """The names in the order in which they are come by, each with whether it was read first."""

    def __init__(self) -> None:
        """Begin with none."""
        self.first: dict[str, bool] = {}

    def visit_Name(self, node: ast.Name) -> None:
        """Note a name that is new."""
        self.first.setdefault(node.id, isinstance(node.ctx, ast.Load))

    def visit_Assign(self, node: ast.Assign) -> None:
        """The value is read before the targets get it."""
        for one in (node.value, *node.targets):
            self.visit(one)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """The target is read, too."""
        if isinstance(node.target, ast.Name):
            self.first.setdefault(node.target.id, True)
        else:
            self.visit(node.target)
        self.visit(node.value)

    def visit_For(self, node: ast.For) -> None:
        """The sequence is read before the variable of the loop gets a value."""
        for one in (node.iter, node.target, *node.body, *node.orelse):
            self.visit(one)

    def _inside(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        targets = [name for one in node.generators for name in ast.walk(one.target)]
        self._without({one.id for one in targets if isinstance(one, ast.Name)}, node)

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = _inside

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """Its arguments are no names of the block."""
        self._without({one.arg for one in node.args.args}, node)

    def _without(self, own: set[str], node: ast.AST) -> None:
        names = [one.id for one in ast.walk(node) if isinstance(one, ast.Name)]
        for name in dict.fromkeys(names):
            if name not in own:
                self.first.setdefault(name, True)
