"""The statements of a file, in order, each with the names that it reads, binds and changes.

They are run one by one, so that one that fails need not hide what is defined below it.
"""

import __future__

import ast
import dis
import inspect
import warnings
from collections.abc import Generator
from types import CodeType
from typing import NamedTuple

READING = {"LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS"}
BINDING = {"STORE_NAME", "STORE_GLOBAL"}
ANYTHING = "*"
"""In place of the names that `from module import *` binds."""
AT_ONCE = {"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"}
"""Code of its own that runs where it stands, unlike that of a function."""
OPTIMIZED = inspect.CO_OPTIMIZED
"""The flag of code with local variables, which the body of a class has not."""
BUILDING = {"add", "append", "extend", "insert", "push", "register", "setdefault", "update"}
"""Methods that build what they are called on, in containers and in the usual classes of networks:
where such a call fails, a part is missing."""

IMPORTS = (ast.Import, ast.ImportFrom)
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, *IMPORTS)
LOOPS = (ast.For, ast.AsyncFor, ast.While)
FUTURES = sum(vars(__future__)[name].compiler_flag for name in __future__.all_feature_names)
CONSTANTS = (ast.Constant, ast.UnaryOp, ast.BinOp, ast.Tuple, ast.operator, ast.unaryop, ast.Load)


class Piece(NamedTuple):
    """One statement of a file at its outermost level."""

    node: ast.stmt
    code: CodeType
    file: str
    """The name that stands in tracebacks."""
    cell: int
    """The code cell of a notebook, from 1; 0 in a file."""
    reads: frozenset[str]
    """Names that it reads when it runs."""
    later: frozenset[str]
    """Names that the functions in it read when they are called."""
    binds: frozenset[str]
    sets: frozenset[str]
    """Names that the functions in it bind, as `global` ones, when they are called."""
    changes: frozenset[str]
    """Names of what it changes in place: `W[0] = 1`, `net.rate = 2`, `layers.append(...)`."""

    @property
    def defines(self) -> bool:
        """True for an import and the definition of a function or class."""
        return isinstance(self.node, DEFINITIONS)

    @property
    def makes_functions(self) -> bool:
        """True for the definition of a function or class, and for a name that is given to one."""
        given = isinstance(self.node, ast.Assign) and isinstance(self.node.value, ast.Lambda)
        return given or (self.defines and not self.imports)

    @property
    def imports(self) -> bool:
        """True for an import."""
        return isinstance(self.node, IMPORTS)

    @property
    def is_constant(self) -> bool:
        """True where it gives a name to a number or text, which nothing can change in place."""
        value = self.node.value if isinstance(self.node, ast.Assign | ast.AnnAssign) else None
        return value is not None and all(isinstance(n, CONSTANTS) for n in ast.walk(value))

    @property
    def where(self) -> str:
        """The line, as a sentence names it."""
        line = f"line {self.node.lineno}"
        return f"cell {self.cell}, {line}" if self.cell else line


def statements_of(source: str | bytes, file: str, cell: int = 0) -> list[Piece]:
    """The statements of a source.

    Raises:
        SyntaxError: it is none of this Python.
        ValueError: it holds a zero byte.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of how it is written, once for each time it is compiled
        whole = compile(source, file, "exec", dont_inherit=True)  # sees more errors than the tree
        tree = ast.parse(source, file)
        flags = whole.co_flags & FUTURES
        return [_statement(node, file, cell, flags) for node in tree.body]


def _statement(node: ast.stmt, file: str, cell: int, flags: int) -> Piece:
    code = compile(ast.Module([node], []), file, "exec", flags, dont_inherit=True)
    names: dict[str, set[str]] = {"reads": set(), "later": set(), "binds": set(), "sets": set()}
    for kind, name in _names(code, now=True):
        names[kind].add(name)
    found = {kind: frozenset(them) for kind, them in names.items()}
    return Piece(node, code, file, cell, **found, changes=frozenset(_changed(node)))


def _names(code: CodeType, *, now: bool) -> Generator[tuple[str, str]]:
    """The names in a piece of code, each with what is done to it."""
    is_module, is_class = code.co_name == "<module>", now and not code.co_flags & OPTIMIZED
    steps = [(i.opname, str(i.argval)) for i in dis.get_instructions(code)]
    bound = {name for operation, name in steps if operation in BINDING}
    inside = bound if is_class and not is_module else ()
    for operation, name in steps:
        if operation in READING and name not in inside:
            yield "reads" if now else "later", name
        elif operation == "STORE_GLOBAL" or (operation in BINDING and is_module):
            yield "binds" if now else "sets", name
    for part in code.co_consts:
        if isinstance(part, CodeType):
            at_once = part.co_name in AT_ONCE or not part.co_flags & OPTIMIZED
            yield from _names(part, now=now and at_once)


def _changed(node: ast.stmt) -> Generator[str]:
    """The names of what a statement changes in place."""
    for part in ast.walk(node):
        if isinstance(part, ast.ImportFrom) and part.names[0].name == ANYTHING:
            yield ANYTHING
        if isinstance(node, DEFINITIONS):
            continue
        is_place = isinstance(part, ast.Attribute | ast.Subscript)
        if is_place and not isinstance(part.ctx, ast.Load):
            yield from _root(part)
        if isinstance(part, ast.Attribute) and part.attr in BUILDING:
            yield from _root(part)


def _root(node: ast.expr) -> Generator[str]:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id
