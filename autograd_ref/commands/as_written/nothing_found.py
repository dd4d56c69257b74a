"""The message where code cannot be called for a gradient: the tries, and the way out."""

from autograd_ref.adapting.told import failures_in_words, nearest_attempt
from autograd_ref.adapting.way_search import SearchOutcome
from autograd_ref.commands.as_written.whole_files import Opened
from autograd_ref.commands.functions.importing import UserCodeError
from autograd_ref.commands.functions.world import their_traceback
from autograd_ref.report.words import listed


class NoAdapter(UserCodeError):
    """No way was found to call code for a gradient.

    Attributes:
        says_why: True where something was tried, or a loop is named.
    """

    def __init__(self, advice: str, trace: str = "", *, says_why: bool) -> None:
        super().__init__(advice, trace)
        self.says_why = says_why


def nothing_found(
    spec: str, opened: Opened, outcome: SearchOutcome, *, hidden_layers: int = 1
) -> NoAdapter:
    """The error: what was tried and a function to fill in above it, the way out in one line.

    Args:
        spec: as the user named the code.
        opened: the code.
        outcome: of the search.
        hidden_layers: of the function to fill in.
    """
    above: list[str] = []
    if tried := "".join(f"  {line}\n" for line in failures_in_words(outcome)):
        above.append(f"Tried:\n{tried}")
    last = nearest_attempt(outcome)
    if last is not None and last.error is not None:
        above.append(their_traceback(last.error))
    above.append(f"A function that can be called:\n\n{template(hidden_layers + 1)}\n")
    called = " when it is called" if tried else ""
    said = f"nothing in {spec} returns, keeps or updates a gradient{called}"
    if len(opened.loops) == 1:
        way = (
            f"; what the loop in {opened.loops[0]} computes stays inside it. Move one pass of it,"
            " forward and backward, into a function like the one above, and call that in the loop"
        )
    elif opened.loops:
        way = (
            f"; what the loops in {listed([*opened.loops])} compute stays inside them. Move one"
            " pass, forward and backward, into a function like the one above, and call that there"
        )
    elif tried:
        way = (
            ". An argument whose value is not known is given with --set NAME=VALUE. Where one"
            " function makes the parameters and trains them too, move one pass of its loop, forward"
            " and backward, into a function like the one above"
        )
    else:
        way = ". Write your forward and backward pass as a function like the one above"
    says_why = bool(tried or opened.loops)
    return NoAdapter(f"{said}{way}", "\n".join(above) + "\n", says_why=says_why)


def template(layers: int) -> str:
    """A function that can be called, to be filled in.

    >>> print(template(1))
    def gradients(parameters, X, Y):
        W0, b0 = parameters  # W0 (N_O, N_I), b0 (N_O,)
        ...  # forward and backward pass of X (S, N_I) and Y, labels (S,) or rows (S, N_O)
        return dW0, db0
    """
    sizes = ["N_I", *(["N_H"] if layers == 2 else [f"N_{i}" for i in range(1, layers)]), "N_O"]
    names = [f"{kind}{i}" for i in range(layers) for kind in "Wb"]
    shapes = [
        shape
        for i in range(layers)
        for shape in (f"W{i} ({sizes[i + 1]}, {sizes[i]})", f"b{i} ({sizes[i + 1]},)")
    ]
    return (
        "def gradients(parameters, X, Y):\n"
        f"    {', '.join(names)} = parameters  # {', '.join(shapes)}\n"
        "    ...  # forward and backward pass of X (S, N_I) and Y, labels (S,) or rows (S, N_O)\n"
        f"    return {', '.join(f'd{name}' for name in names)}"
    )
