"""The statements of a loop that are its forward and backward pass, for all rows of the data."""

import ast
import copy
import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from autograd_ref.adapting.building.blocks import called
from autograd_ref.adapting.building.slices import OTHERWISE, calls_under, changed, loaded, roots_of

DATA = re.compile(
    r"(x|y|t)(_\w+|(tr|train|test|data|batch)\w*)?|\w+_[xy]"
    r"|\w*(inputs?|targets?|labels?|data|patterns?|samples?|images?|features?|examples?|points?)(_\w+)?",
    re.IGNORECASE,
)
"""The names of what rows are taken from."""

ENDS = ast.Break | ast.Continue | ast.Return | ast.Raise


class WholeData(ast.NodeTransformer):
    """Takes the data for a row of them that another turn of the loop would take."""

    def __init__(self, turning: Collection[str], stored: Collection[str]) -> None:
        """Take the names that are other things in other turns, and those given in this one."""
        self.turning, self.stored = turning, stored

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        """Leave out what is looked up by what turns: X[i] is X, and X[i, j] is X[j]."""
        inner = node.value
        inside = self.visit(inner)
        if not isinstance(inner, ast.Name) or not self._is_data(inner.id):
            return ast.Subscript(inside, self.visit(node.slice), node.ctx)
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        left = [one for one in parts if not loaded(one) & {*self.turning}]
        if len(left) == len(parts):
            return node
        left = [one for one in left if not isinstance(one, ast.Slice)]
        if not left:
            return inside
        return ast.Subscript(inside, ast.Tuple(left, ast.Load()) if left[1:] else left[0], node.ctx)

    def _is_data(self, name: str) -> bool:
        return DATA.fullmatch(name) is not None and name not in self.stored


class _Silent(ast.NodeTransformer):
    """Leaves out statements that print, plot or write, also inside of others."""

    def visit_Expr(self, node: ast.Expr) -> ast.stmt | None:
        """Leave one out."""
        return None if reaches_out(node) else node

    def visit_If(self, node: ast.If) -> ast.stmt | None:
        """Leave out an `if` in which nothing is left."""
        self.generic_visit(node)
        node.body = node.body or [ast.Pass()]
        return None if [*node.body, *node.orelse] == node.body[:1] and _is_pass(node) else node


def _is_pass(node: ast.If) -> bool:
    return isinstance(node.body[0], ast.Pass)


def reaches_out(node: ast.AST) -> bool:
    """Return whether something calls what prints, plots, reads or writes, by its name.

    Args:
        node: the statement.
    """
    return any(OTHERWISE.fullmatch(called(one)) for one in calls_under(node))


def within_a_turn(block: Sequence[ast.stmt]) -> list[ast.stmt]:
    """Return statements without those that leave the loop they stand in, and without messages.

    Args:
        block: the statements.
    """
    found = [one for one in block if not any(isinstance(n, ENDS) for n in _outside_loops(one))]
    silent = [_Silent().visit(one) for one in copy.deepcopy(found)]
    return [one for one in silent if one is not None]


def _outside_loops(node: ast.AST) -> Iterator[ast.AST]:
    """A statement and all in it, but loops."""
    yield node
    for one in ast.iter_child_nodes(node):
        if not isinstance(one, ast.For | ast.While | ast.FunctionDef | ast.Lambda):
            yield from _outside_loops(one)


def sliced(
    block: Sequence[ast.stmt], needed: Collection[str], doing: Mapping[str, bool]
) -> list[ast.stmt]:
    """Return the statements that something depends on; what keeps a history does not.

    Args:
        block: the statements.
        needed: the names of what depends on them.
        doing: the names of functions and instances whose calls may change global variables, True
            where a result that is used says nothing against that.
    """
    kept, left = list[ast.stmt](), {*needed}
    block = [one for one in block if not _is_history(one, block)]
    for node in reversed(block):
        roots = {name for one in calls_under(node) for name in roots_of(one.func)}
        does = any(
            doing.get(name, False) or isinstance(node, ast.Expr) for name in roots & {*doing}
        )
        if does or left & effects_of(node):
            kept.insert(0, node)
            left |= loaded(node)
    return kept


def _is_history(node: ast.stmt, block: Sequence[ast.stmt]) -> bool:
    """Return whether a statement only appends to, or fills, what nothing else in a block reads."""
    kept = _kept(node)
    return bool(kept) and not any(kept in ast.unparse(one) for one in block if one is not node)


def _kept(node: ast.stmt) -> str:
    """Return the list that a statement appends to, or sets an entry of; empty for any other."""
    call = node.value if isinstance(node, ast.Expr) else None
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
        return ast.unparse(call.func.value) if call.func.attr == "append" else ""
    target = node.targets[0] if isinstance(node, ast.Assign) else None
    return ast.unparse(target.value) if isinstance(target, ast.Subscript) else ""


def effects_of(node: ast.stmt) -> set[str]:
    """Return the names of what a statement, or one inside it, changes.

    Args:
        node: the statement.
    """
    inside = [one for one in ast.walk(node) if isinstance(one, ast.stmt)]
    return {name for one in inside for name in changed(one)}
