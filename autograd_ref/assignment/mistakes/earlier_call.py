"""What is right at first and wrong at another point, because it was kept from an earlier call."""

from autograd_ref.assignment.mistakes.derivation import RIGHT, A, Run
from autograd_ref.assignment.mistakes.mistake import Change, Mistake, both, step
from autograd_ref.diagnosis.relations.relation import Around, Claim, Relation
from manual_backprop.parameters import Parameters

ANEW = "work everything out anew in every call, or forget what is kept when the arguments change"


def _kept(hand: A, around: Around) -> Claim | None:
    return None if around.earlier is None else Claim(hand, around.earlier)


KEPT = Relation(
    "kept from an earlier call",
    "right for the arguments of an earlier call, not for these",
    ANEW,
    _kept,
    lambda _around: (),  # no single call can make it
    wipes=True,
    places=(),
    hides="the function is called once",
)


def kept_from(p: Parameters, X: A, Y: A) -> tuple[Mistake, ...]:
    """Derivations that use what an earlier call, with these arguments, has worked out."""
    old = Run(RIGHT, p, X, Y)

    def kept(name: str, what: str, change: Change) -> Mistake:
        return Mistake(f"{name} of an earlier call", f"{what} of an earlier call", ANEW, change)

    def quantity(name: str) -> Change:
        return step(name, lambda _r: getattr(old, name))

    activations = both(quantity("a1"), both(quantity("y_hat"), quantity("slope")))
    return (
        kept("activations", "the backward pass goes through the activations", activations),
        *(kept(n, f"{n} is that", quantity(n)) for n in ("z1", "a1", "y_hat", "e2", "delta1")),
        kept("slope", "the slope of the activation is that", quantity("slope")),
        kept("W1", "e2 goes back through the parameter W1", quantity("back")),
        kept(
            "a1 in W1", "the gradient of W1 is made with a1", step("W1", lambda r: r.e2.T @ old.a1)
        ),
        kept("X", "the gradient of W0 is made with X", step("W0", lambda r: r.delta1.T @ old.X)),
        kept("Y", "the targets are those", step("e2", lambda r: (r.y_hat - old.Y) / r.S)),
    )
