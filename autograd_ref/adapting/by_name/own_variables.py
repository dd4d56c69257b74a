"""The names of an adapter's own variables, and of theirs beside them."""

import re

THEIR = "their_"
"""Before the name of a variable of theirs that an adapter has as well."""

OURS = re.compile(r"X|Y|rate|l2|result|theirs|net|code|cache|[Wb]\d|N_\w+")
"""The names of variables of an adapter."""


def own_variable(name: str) -> str:
    """Return the name of a variable of theirs as an adapter has it, beside its own.

    Args:
        name: of theirs.

    Examples:
        >>> own_variable("Y"), own_variable("hidden")
        ('their_Y', 'hidden')
    """
    return f"{THEIR}{name}" if OURS.fullmatch(name) else name


def is_variable(text: str, name: str) -> bool:
    """Return whether an expression is the variable of theirs with a name, however that is written.

    Args:
        text: the expression, as an adapter has it.
        name: of theirs.

    Examples:
        >>> is_variable("y_hat", "Yhat"), is_variable("their_cache", "cache"), is_variable("z", "a")
        (True, True, False)
    """
    plain = [one.replace("_", "").lower() for one in (text.removeprefix(THEIR), name)]
    return plain[0] == plain[1]
