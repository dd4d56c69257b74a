"""Wrong steps that need nothing but the step itself: left out, passed on, of the wrong sign."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from autograd_ref.recording.slips.slip import At, AtRows, Rule, one
from autograd_ref.recording.tape import Ref, Site

Made = Callable[[At, Tensor | None, Tensor | None], Tensor | None]


def _zero(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
    return torch.zeros_like(at.right)


def _passed_on(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
    if at.step is None:
        return None
    c = at.c
    if c.shape != at.x.shape:
        if c.ndim < at.x.ndim:
            return c.expand_as(at.x) if broadcasts(c, at.x) else None
        reduced = _reduced(c, at.x)
        if reduced is None:
            return None
        c = reduced
    return c


def broadcasts(small: Tensor, large: Tensor) -> bool:
    """Return whether a tensor is a factor of another, entry by entry.

    Args:
        small: the factor.
        large: the other.
    """
    if small.ndim > large.ndim:
        return False
    pairs = zip(reversed(small.shape), reversed(large.shape), strict=False)
    return all(a in (1, b) for a, b in pairs)


def _reduced(large: Tensor, like: Tensor) -> Tensor | None:
    """A sum over the axes along which a tensor is broadcast."""
    return large.sum_to_size(like.shape) if broadcasts(like, large) else None


def _transposed(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
    if at.right.ndim < 2 or at.right.shape[-1] != at.right.shape[-2]:
        return None
    return at.right.transpose(-1, -2)


def _cotangent_transposed(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
    if at.step is None or at.c.ndim < 2 or at.c.shape[-1] != at.c.shape[-2]:
        return None
    return at.step.back({0: at.c.transpose(-1, -2).unsqueeze(0)})[at.place][0]


def _diagonal(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
    if at.right.ndim < 2 or at.right.shape[-1] != at.right.shape[-2]:
        return None
    return torch.diag_embed(torch.diagonal(at.right, dim1=-2, dim2=-1))


def _products(axis: int | None) -> Made:
    """The product of two vectors entry by entry, or summed, for all products of their entries."""

    def made(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        if at.right.ndim < 2 or at.right.shape[-1] != at.right.shape[-2]:
            return None
        both = torch.diagonal(at.right, dim1=-2, dim2=-1)
        if axis is None:
            return both.sum(-1)[..., None, None].expand_as(at.right)
        return both.unsqueeze(axis).expand_as(at.right)

    return made


def _triangle(upper: bool) -> Made:
    def made(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        if at.right.ndim < 2 or at.right.shape[-1] != at.right.shape[-2]:
            return None
        return at.right.triu() if upper else at.right.tril()

    return made


def _symmetrised(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
    if at.right.ndim < 2 or at.right.shape[-1] != at.right.shape[-2]:
        return None
    return 0.5 * (at.right + at.right.transpose(-1, -2))


def _in_other_order(first: bool) -> Made:
    def made(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        right = at.right
        if right.ndim < 2 or right.shape[-1] == right.shape[-2] or 1 in right.shape[-2:]:
            return None
        turned = right.transpose(-1, -2)
        if first:
            return turned.reshape(right.shape)
        return right.reshape(turned.shape).transpose(-1, -2)

    return made


def kept(what: str) -> Rule:
    """Return the rule that nothing reaches a value but one part, made where the others come in.

    Args:
        what: the part, as in "what the last turn adds".
    """
    only = what.replace("{", "{{").replace("}", "}}")
    return Rule(
        "one part only",
        _zero,
        f"only {only} reaches {{x}}",
        1.8,
        fix="add all of it up: += for =",
    )


def followed_once(which: str) -> Rule:
    """Return the rule that a path is followed in one turn of a loop, made in all others.

    Args:
        which: the turn: first or last.
    """
    return Rule(
        "one part only",
        _zero,
        f"the path to {{x}} is followed in the {which} turn only",
        1.8,
        fix="follow it in every turn, and add up: += for =",
    )


def only_from(use: Site, text: str) -> Rule:
    """Return the rule that what comes by one use of a value overwrites what comes by the others.

    Args:
        use: where the value is used, in some turns of a loop.
        text: the expression there.
    """
    there = text.replace("{", "{{").replace("}", "}}")

    def made(at: At, _other: Tensor | None, _c: Tensor | None) -> Tensor | None:
        tape = at.steps.tape
        for node in tape.uses[at.ref]:
            c = at.cotangent(Ref(node))
            if tape.nodes[node].site == use and c is not None:
                found = at.steps[node].back({0: c.unsqueeze(0)})
                return found[tape.nodes[node].operands.index(at.ref)][0]
        return None

    return Rule(
        "overwritten",
        made,
        f"what reaches {{x}} from {there} overwrites what comes from elsewhere",
        2.0,
        fix="add them up: += for =",
    )


NOT_FOLLOWED = Rule(
    "a path not followed",
    _zero,
    "the path to {x} is not followed",
    1.0,
    fix="add what comes back along that path",
)


def _limits(at: AtRows) -> Tensor:
    limits = at.right.new_tensor([rule.number for rule in at.rules])
    return limits.reshape(-1, *(1,) * (at.right.ndim - 1))


def _clipped(at: AtRows) -> Tensor:
    limits = _limits(at)
    return torch.minimum(torch.maximum(at.right, -limits), limits)


def _shortened(at: AtRows) -> Tensor:
    sizes = at.right.square().flatten(1).sum(1).sqrt().reshape(_limits(at).shape)
    return at.right * (_limits(at) / sizes).clamp(max=1.0)


def _cut_off() -> Iterator[Rule]:
    for most in (0.01, 0.1, 0.25, 0.5, 1.0, 5.0, 10.0):
        for many, how, rank in ((_clipped, "clipped at", 3.4), (_shortened, "shortened to", 3.5)):
            said = f"what reaches {{x}} is {how} {'the norm ' * (rank > 3.4)}{most:g}"
            made = one(many, most)
            yield Rule("clipped", made, said, rank, "do not clip it", many=many, number=most)


CLIPPED = tuple(_cut_off())
"""Usual limits where gradients explode."""

PATHS: tuple[Rule, ...] = (
    NOT_FOLLOWED,
    Rule(
        "a derivative left out",
        _passed_on,
        "the derivative by {x} is left out",
        1.5,
        fix="multiply by that derivative",
    ),
)
"""Wrong steps that need nothing but the step itself."""

OF_MATRICES: tuple[Rule, ...] = (
    Rule("transposed", _transposed, "what reaches {x} is transposed", 2.5, fix="transpose it"),
    Rule(
        "transposed",
        _cotangent_transposed,
        "what comes back to {y} has a transposition too few or too many on the way to {x}",
        2.7,
        fix="transpose it there",
    ),
    Rule(
        "reshaped",
        _in_other_order(True),
        "what reaches {x} is reshaped where it has to be transposed",
        2.6,
        fix="transpose it",
    ),
    Rule(
        "reshaped",
        _in_other_order(False),
        "what reaches {x} is reshaped where it has to be transposed",
        2.6,
        fix="transpose it",
    ),
    Rule("diagonal only", _diagonal, "only the diagonal reaches {x}", 3.0, fix="keep all of it"),
    Rule(
        "the wrong product",
        _products(None),
        "one number, the product of two vectors, reaches every entry of {x}: np.dot for np.outer",
        2.8,
        fix="multiply each entry of the one by each of the other: np.outer",
    ),
    *(
        Rule(
            "the wrong product",
            _products(axis),
            "a product of two vectors entry by entry reaches each row or column of {x}",
            2.9,
            fix="multiply each entry of the one by each of the other: np.outer",
        )
        for axis in (-1, -2)
    ),
    Rule("a triangle only", _triangle(False), "only the lower triangle reaches {x}", 3.3),
    Rule("a triangle only", _triangle(True), "only the upper triangle reaches {x}", 3.3),
    Rule("symmetrised", _symmetrised, "what reaches {x} is made symmetric", 3.4),
)
"""Rules for matrices only."""
