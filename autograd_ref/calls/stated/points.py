"""Where the caller wants to be checked: in a set of parameters, and at further points."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np

from autograd_ref.tree.leaf import as_array, is_numeric, like
from autograd_ref.tree.nest import Path, leaves, name_of, rebuilt, require_end, with_vectors
from autograd_ref.tree.point import Point, own_copy
from autograd_ref.user_code import user_code

Project = Callable[[Any], Any]
"""A function that brings parameters back to their set: project(parameters) -> parameters."""


def require_project(project: object) -> None:
    """Refuse what is no function.

    Raises:
        TypeError: it is none.
    """
    if project is not None and not callable(project):
        raise TypeError(
            f"project is of type {type(project).__name__}; it needs to be a function of parameters"
            " that returns parameters"
        )


def require_elsewhere(elsewhere: object) -> None:
    """Refuse what neither says whether there are other places, nor brings parameters to them.

    Raises:
        TypeError: it does not.
    """
    if not isinstance(elsewhere, bool) and not callable(elsewhere):
        raise TypeError(
            f"elsewhere is of type {type(elsewhere).__name__}; it needs to be True, False or a"
            " function of parameters that returns parameters"
        )


def projected(project: Project, point: Point, name: str = "project") -> Point:
    """The point with its parameters brought back to their set.

    Args:
        project: the way back.
        point: its parameters may be anywhere.
        name: of project, for messages.

    Raises:
        TypeError, ValueError: project returns something else than such parameters.
        UserCodeRaised: project did.
    """
    given = own_copy(point)
    with user_code():
        found = project(given.parameters)
        require_end({f"what {name} returned": found})
    return Point(_formed(found, point.parameters, f"what {name} returned"), given.data)


def further_points(at: object, point: Point) -> tuple[Point, ...]:
    """The points of `at=`: each the parameters given there, with the data of the first.

    Raises:
        TypeError, ValueError: one of them is not like the parameters of the first.
    """
    if not isinstance(at, list | tuple):
        raise TypeError(
            f"at is of type {type(at).__name__}; it needs to be a list of further points, each like"
            " the parameters"
        )
    listed = cast("list[object]", at)
    require_end({f"at[{i}]": one for i, one in enumerate(listed)})
    return tuple(
        point._replace(parameters=_formed(one, point.parameters, f"at[{i}]"))
        for i, one in enumerate(listed)
    )


def _formed(given: object, parameters: Any, said: str) -> Any:
    """Parameters that the caller gives, in the form and the dtypes of the first ones."""
    wanted, found = leaves(parameters), leaves(given)
    if wanted.keys() != found.keys():
        found = leaves(with_vectors(given))
    if wanted.keys() != found.keys() or not all(map(is_numeric, found.values())):
        names = ", ".join(name_of(path, root="one array") for path in found) or "nothing"
        raise TypeError(
            f"{said} holds {names}; it needs to be a nest like parameters"
            f" ({', '.join(name_of(path, root='one array') for path in wanted)})"
        )

    def as_before(path: Path, leaf: object) -> object:
        before, after = as_array(leaf), as_array(found[path])
        name = f"{name_of(path)} in {said}" if path else said
        if before.shape != after.shape:
            raise ValueError(f"{name} is of shape {after.shape}; it needs to be {before.shape}")
        if not np.isfinite(after).all():
            raise ValueError(f"{name} has values that are not finite")
        return like(leaf, np.array(after, dtype=before.dtype))

    return rebuilt(parameters, as_before)
