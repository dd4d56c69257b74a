"""The decision as a table: facts in, verdicts out, without PyTorch and without a gradient."""

import subprocess
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, cast

import pytest

from autograd_ref.report.data import Side, Verdict
from autograd_ref.tree.nest import Path
from autograd_ref.verdict.block import block_of
from autograd_ref.verdict.decide import AT_FAULT, CONTRADICTED, EMPTY, Decision, decide
from autograd_ref.verdict.facts import Asked as AboutElsewhere
from autograd_ref.verdict.facts import Comparison, QuantityFacts
from autograd_ref.verdict.rows import (
    ALONG,
    BETWEEN_SLOPES,
    NOTHING,
    OUTSIDE_SLOPES,
    QUANTITY,
    SYMMETRIC,
    of_quantity,
)

WITHIN = Comparison(
    (3,), "float64", share=0.5, size=2.0, max_rel_error=1e-16, resolution=1e-15, coarsest=1e-2
)
BEYOND = WITHIN._replace(share=7.0)


class Quantity(NamedTuple):
    comparison: Comparison = WITHIN
    lost_digits: Comparison | None = None
    scatters: bool = False
    right_wider: bool = False
    between_slopes: bool = False
    outside_slopes: bool = False
    across: str = ""
    along_set: bool = False
    zero_everywhere: bool = False
    in_float64: QuantityFacts | None = None
    mistaken_in_float64: bool = False
    stays_nearby: bool = False


RIGHT, WRONG = Quantity(), Quantity(BEYOND)
KINK = Quantity(BEYOND, between_slopes=True)
NO_MIXTURE = KINK._replace(outside_slopes=True)
MISSING = Quantity(Comparison((3,), "float64", form="is missing"))
LOST = Quantity(Comparison((3,), "float64", not_finite="is nan at [1]"))
UNKNOWN = Quantity(Comparison((3,), "float64", unknown="the reference is inf"))
ZERO = Quantity(WITHIN._replace(size=0.0, resolution=float("inf")))
AT_KINK = Quantity(ZERO.comparison._replace(kink="in its entry [2]"))
COARSE = Quantity(WITHIN._replace(resolution=0.5))
NOISY = Quantity(WITHIN._replace(max_rel_error=1e-5), scatters=True)
WIDER = "has a relative error of 1e-05, and is right when called in a wider number format"
NO_EFFECT = Quantity(WITHIN._replace(size=1e-18, resolution=200.0), zero_everywhere=True)
DOUBLED = BEYOND._replace(max_rel_error=1.0)
IN_SINGLE = Quantity(BEYOND._replace(max_rel_error=1e-7))
LEFT_OPEN = ("inconclusive", "its tolerance")
BY_ROUNDING = WITHIN._replace(resolution=0.5, max_rel_error=1e-3)
WRONG_IN_FLOAT64 = Quantity(
    BY_ROUNDING._replace(max_rel_error=0.98),
    in_float64=Quantity(DOUBLED),
    mistaken_in_float64=True,
)
RIGHT_IN_FLOAT64 = Quantity(BY_ROUNDING, in_float64=RIGHT)
SHORT = Quantity(WITHIN._replace(dtype="bfloat16", max_rel_error=1.0), lost_digits=BEYOND)
COARSELY = Quantity(WITHIN._replace(dtype="float16", max_rel_error=1.0))
STAYING = COARSELY._replace(stays_nearby=True)
MIRRORED = Quantity(BEYOND, across=SYMMETRIC)
NO_ENTRIES = Quantity(Comparison((0, 3), "float64", share=0.0))
ON_A_SPHERE = Quantity(BEYOND, across=ALONG.format(set="of length one"))


NO_SIDES = dict[frozenset[Path], Side | None]


@dataclass(frozen=True)
class Call:
    """One call; sides is what the numerical derivative says of a set of blocks."""

    blocks: Mapping[Path, QuantityFacts]
    loss: QuantityFacts | None = None
    sides: Mapping[frozenset[Path], Side | None] = field(default_factory=NO_SIDES)
    said: str = "with other parameters"
    binding: bool = True
    near: bool = False
    given: bool = False
    finite: bool = True
    contradicted: bool = False

    def is_near(self, blocks: Collection[Path], *, loss: bool) -> bool:
        assert blocks, "nobody asks about nothing"
        assert loss, "no case has a wrong loss and another place"
        return self.near

    def contradicted_side(self, blocks: Collection[Path], *, loss: bool) -> Side | None:
        assert blocks or loss, "nobody asks about nothing"
        return self.sides.get(frozenset(blocks), "hand")


@dataclass(frozen=True)
class Check:
    here: Call
    second: Call | None = None
    contradicted: bool = False
    places: tuple[Call, ...] = ()

    def elsewhere(self, _asked: AboutElsewhere) -> tuple[Call, ...]:
        return self.places


def call(**blocks: Quantity) -> Call:
    return Call({(name,): quantity for name, quantity in blocks.items()})


def verdicts(decision: Decision) -> dict[str, Verdict]:
    blocks, loss = decision.rulings.blocks, decision.rulings.loss
    found: dict[str, Verdict] = {str(path[0]): r.verdict for path, r in blocks.items()}
    return found if loss is None else {**found, "the loss": loss.verdict}


def reason(decision: Decision, name: str = "W") -> str:
    return decision.rulings.blocks[(name,)].reason


@pytest.mark.parametrize(
    ("quantity", "verdict", "why"),
    [
        (RIGHT, "match", ""),
        (WRONG, "mismatch", "differs by 7 times its tolerance"),
        (MISSING, "mismatch", "is missing"),
        (LOST, "mismatch", "is nan at [1]"),
        (KINK, "inconclusive", BETWEEN_SLOPES),
        (NO_MIXTURE, "mismatch", OUTSIDE_SLOPES),
        (COARSE._replace(outside_slopes=True), "mismatch", OUTSIDE_SLOPES),
        (RIGHT._replace(outside_slopes=True, between_slopes=True), "match", ""),
        (MIRRORED, "inconclusive", SYMMETRIC),
        (
            ON_A_SPHERE,
            "inconclusive",
            "is right along the set that its parameter seems",
        ),
        (Quantity(WITHIN, along_set=True), "match", ""),
        (Quantity(BEYOND, between_slopes=True, across=SYMMETRIC), "inconclusive", BETWEEN_SLOPES),
        (UNKNOWN, "inconclusive", "the reference is inf"),
        (ZERO, "inconclusive", NOTHING),
        (AT_KINK, "inconclusive", "the loss has a kink in its entry [2]"),
        (
            Quantity(COARSE.comparison._replace(kink="there")),
            "inconclusive",
            "the loss has a kink there",
        ),
        (Quantity(WITHIN._replace(kink="in its entry [2]")), "match", ""),
        (Quantity(ZERO.comparison._replace(share=7.0)), "mismatch", "differs by 7 times"),
        (NO_EFFECT, "match", ""),
        (NO_ENTRIES, "match", ""),
        (Quantity(Comparison((0,), "f8", form="has shape (0,)")), "mismatch", "has shape (0,)"),
        (Quantity(BEYOND, zero_everywhere=True), "mismatch", "differs by 7 times its tolerance"),
        (RIGHT_IN_FLOAT64, "match", ""),
        (
            WRONG_IN_FLOAT64,
            "mismatch",
            "has a relative error of 0.98, which its number format could",
        ),
        # another error than in float64, or one that accuses nobody there
        (Quantity(BY_ROUNDING, in_float64=Quantity(DOUBLED)), "inconclusive", "its tolerance"),
        (
            WRONG_IN_FLOAT64._replace(in_float64=Quantity(DOUBLED, between_slopes=True)),
            "inconclusive",
            "its tolerance",
        ),
        (
            RIGHT_IN_FLOAT64._replace(comparison=BY_ROUNDING._replace(max_rel_error=0.1)),
            "inconclusive",
            "its tolerance",
        ),
        (
            UNKNOWN._replace(
                comparison=UNKNOWN.comparison._replace(max_rel_error=1.0),
                in_float64=Quantity(DOUBLED),
                mistaken_in_float64=True,
            ),
            "mismatch",
            "has a relative error of 1",
        ),
        (UNKNOWN._replace(in_float64=RIGHT), "inconclusive", "the reference is inf"),
        # what a kernel that computes in float32 inside is off by in float64
        (Quantity(BY_ROUNDING, in_float64=IN_SINGLE), "match", ""),
        (Quantity(BY_ROUNDING._replace(resolution=200.0), in_float64=IN_SINGLE), *LEFT_OPEN),
        (Quantity(BY_ROUNDING, in_float64=Quantity(LOST.comparison)), *LEFT_OPEN),
        (
            WRONG_IN_FLOAT64._replace(
                comparison=WRONG_IN_FLOAT64.comparison._replace(share=1e-6, resolution=200.0)
            ),
            *LEFT_OPEN,
        ),
        # lost digits explain an error, and it is there in float64 as well, or is not
        (
            SHORT._replace(in_float64=Quantity(DOUBLED), mistaken_in_float64=True),
            "mismatch",
            "has a relative error of 1, which its number format could explain, and has it in",
        ),
        (SHORT._replace(in_float64=RIGHT), "match", ""),
        (
            COARSELY._replace(in_float64=Quantity(DOUBLED), mistaken_in_float64=True),
            "mismatch",
            "has a relative error of 1,",
        ),
        (COARSELY._replace(in_float64=Quantity(DOUBLED)), "match", ""),
        # it cannot be called in float64
        (COARSELY, "match", ""),
        (STAYING, "inconclusive", "has a relative error of 1 that is the same"),
        (STAYING._replace(in_float64=RIGHT), "match", ""),
        (STAYING._replace(comparison=WITHIN._replace(max_rel_error=1.0)), "match", ""),
        (STAYING._replace(comparison=WITHIN._replace(dtype="bfloat16")), "match", ""),
        (
            COARSELY._replace(
                in_float64=Quantity(DOUBLED._replace(max_rel_error=1e-4)), mistaken_in_float64=True
            ),
            "match",
            "",
        ),
        (COARSELY._replace(in_float64=RIGHT), "match", ""),
        (
            COARSELY._replace(
                comparison=COARSELY.comparison._replace(max_rel_error=1e-4),
                in_float64=Quantity(DOUBLED),
                mistaken_in_float64=True,
            ),
            "match",
            "",
        ),
        # a reference that is zero but for rounding
        (
            WRONG_IN_FLOAT64._replace(
                comparison=WRONG_IN_FLOAT64.comparison._replace(max_rel_error=1e9),
                in_float64=Quantity(DOUBLED._replace(max_rel_error=1e9)),
            ),
            *LEFT_OPEN,
        ),
        (SHORT._replace(in_float64=IN_SINGLE), "match", ""),
        # what is decided is not asked about in float64
        (RIGHT._replace(in_float64=WRONG), "match", ""),
        (COARSE, "inconclusive", "its tolerance allows a relative error of 0.5, too much"),
        (NOISY, "inconclusive", "has a relative error of 1e-05 that differs at random"),
        (NOISY._replace(right_wider=True), "inconclusive", WIDER),
        (Quantity(right_wider=True), "match", ""),
        (
            Quantity(COARSE.comparison, scatters=True),
            "inconclusive",
            "has a relative error of 1e-16 that differs",
        ),
        (Quantity(WITHIN._replace(share=1.0)), "match", ""),
        # what is within its tolerance needs nobody's leave
        (Quantity(WITHIN, between_slopes=True, across=SYMMETRIC), "match", ""),
    ],
)
def test_the_first_row_that_holds_decides(quantity: Quantity, verdict: Verdict, why: str) -> None:
    ruling = of_quantity(quantity)
    assert ruling.verdict == verdict
    assert ruling.reason.startswith(why)
    assert bool(ruling.reason) == (verdict != "match")


def test_every_row_is_needed() -> None:
    cases = [MISSING, NO_ENTRIES, LOST, NO_MIXTURE, KINK, MIRRORED, WRONG]
    cases += [WRONG_IN_FLOAT64, UNKNOWN, STAYING, NOISY._replace(right_wider=True), NOISY]
    cases += [NO_EFFECT, AT_KINK, ZERO, RIGHT_IN_FLOAT64, COARSE, RIGHT]
    first = [next(i for i, row in enumerate(QUANTITY) if row.holds(case)) for case in cases]
    assert first == list(range(len(QUANTITY)))


def test_blocks_and_the_loss_are_decided_each_by_itself() -> None:
    here = replace(call(W=RIGHT, b=WRONG, loss=ZERO), loss=LOST)
    assert verdicts(decide(Check(here))) == {
        "W": "match",
        "b": "mismatch",
        "loss": "inconclusive",  # a parameter of that name
        "the loss": "mismatch",
    }


@pytest.mark.parametrize(
    ("side", "alone", "verdict"),
    [
        ("hand", None, "mismatch"),
        ("losses", None, "mismatch"),
        ("undecided", None, "mismatch"),
        (None, None, "mismatch"),
        ("reference", "reference", "inconclusive"),
        ("reference", "hand", "mismatch"),
        ("reference", None, "mismatch"),
    ],
)
def test_a_reference_that_is_contradicted_accuses_nobody(
    side: Side | None, alone: Side | None, verdict: Verdict
) -> None:
    """But for the blocks in which it is right, and for what has no values to compare."""
    both: frozenset[Path] = frozenset([("W",), ("b",)])
    here = replace(
        call(W=WRONG, b=WRONG, c=MISSING, d=RIGHT),
        sides={both: side, frozenset([("W",)]): alone},
    )
    decision = decide(Check(here))
    assert verdicts(decision) == {"W": verdict, "b": "mismatch", "c": "mismatch", "d": "match"}
    assert (reason(decision) == AT_FAULT) == (verdict == "inconclusive")


def test_a_loss_alone_that_is_wrong_is_asked_about_too() -> None:
    here = replace(call(W=RIGHT), loss=WRONG)
    assert verdicts(decide(Check(here))) == {"W": "match", "the loss": "mismatch"}


def test_where_no_block_has_entries_nothing_is_confirmed() -> None:
    decision = decide(Check(call(W=NO_ENTRIES, b=NO_ENTRIES)))
    assert verdicts(decision) == {"W": "inconclusive", "b": "inconclusive"}
    assert reason(decision) == EMPTY
    beside = {"W": "match", "b": "match", "c": "mismatch"}
    assert verdicts(decide(Check(call(W=NO_ENTRIES, b=RIGHT, c=MISSING)))) == beside


def test_what_only_a_second_call_does_wrong_is_wrong() -> None:
    again = call(W=WRONG, b=RIGHT, c=MISSING)
    decision = decide(Check(call(W=RIGHT, b=ZERO, c=COARSE), second=again))
    assert verdicts(decision) == {"W": "mismatch", "b": "inconclusive", "c": "mismatch"}
    assert reason(decision).startswith("agrees at first, but the second call differs by 7 times")
    assert reason(decision, "c") == "agrees at first, but the second call is missing"
    assert decision.wrong_call is None, "two calls that differ have no one mistake"
    loss = decide(Check(replace(call(W=RIGHT), loss=RIGHT), replace(call(W=RIGHT), loss=WRONG)))
    assert verdicts(loss) == {"W": "match", "the loss": "mismatch"}


def test_where_something_is_wrong_already_a_second_call_is_not_looked_at() -> None:
    decision = decide(Check(call(W=RIGHT, b=WRONG), second=call(W=WRONG, b=WRONG)))
    assert verdicts(decision) == {"W": "match", "b": "mismatch"}


def test_a_second_call_that_is_only_inconclusive_changes_nothing() -> None:
    assert verdicts(decide(Check(call(W=RIGHT), second=call(W=KINK)))) == {"W": "match"}


@pytest.mark.parametrize(
    ("here", "expected"),
    [
        (call(W=RIGHT, b=ZERO), {"W": "inconclusive", "b": "inconclusive"}),
        (call(W=RIGHT, b=WRONG), {"W": "match", "b": "mismatch"}),
        (call(W=RIGHT, b=KINK), {"W": "match", "b": "inconclusive"}),
        (call(W=ZERO), {"W": "inconclusive"}),
    ],
)
def test_a_reference_that_contradicts_its_loss_confirms_nobody(
    here: Call, expected: dict[str, Verdict]
) -> None:
    decision = decide(Check(here, contradicted=True))
    assert verdicts(decision) == expected
    if expected["W"] == "inconclusive" and here.blocks[("W",)] is RIGHT:
        assert reason(decision) == CONTRADICTED
    else:
        assert reason(decision) != CONTRADICTED


def test_where_nothing_matches_the_reference_is_not_asked_about_its_loss() -> None:
    class Asked:
        here, second = call(W=ZERO), None

        def elsewhere(self, _asked: AboutElsewhere) -> tuple[Call, ...]:
            return ()

        @property
        def contradicted(self) -> bool:
            raise AssertionError("a derivative that nobody needs")

    assert verdicts(decide(Asked())) == {"W": "inconclusive"}


def test_calls_elsewhere_are_told_what_is_left_to_be_decided() -> None:
    told: list[AboutElsewhere] = []

    class Recording(Check):
        def elsewhere(self, _asked: AboutElsewhere) -> tuple[Call, ...]:
            told.append(_asked)
            return ()

    _ = decide(Recording(call(W=WRONG, b=RIGHT, c=ZERO)))
    _ = decide(Recording(call(W=WRONG, b=RIGHT, c=COARSE)))
    _ = decide(Recording(call(W=WRONG, b=RIGHT)))
    at_fault = replace(
        call(W=WRONG, b=RIGHT), sides=dict.fromkeys([frozenset({("W",)})], "reference")
    )
    _ = decide(Recording(at_fault))
    assert told == [
        AboutElsewhere((("b",), ("c",)), undecided=True, zero=True),
        AboutElsewhere((("b",), ("c",)), undecided=True, zero=False),
        AboutElsewhere((("b",),), undecided=False),
        AboutElsewhere((("b",),), undecided=False),
    ]


def test_what_is_wrong_elsewhere_is_wrong() -> None:
    decision = decide(Check(call(W=RIGHT, b=RIGHT), places=(call(W=WRONG, b=RIGHT),)))
    assert verdicts(decision) == {"W": "mismatch", "b": "match"}
    expected = "agrees here, but with other parameters it differs by 7 times its tolerance"
    assert reason(decision) == expected
    assert decision.wrong_call is not None
    assert decision.wrong_rulings is not None
    assert decision.wrong_rulings.wrong == {("W",)}
    assert decision.first.wrong == frozenset()


@pytest.mark.parametrize(("given", "verdict"), [(False, "match"), (True, "mismatch")])
def test_what_is_nearly_right_elsewhere_is_wrong_where_the_caller_asks(
    given: bool, verdict: Verdict
) -> None:
    place = replace(call(W=WRONG), near=True, given=given)
    assert verdicts(decide(Check(call(W=RIGHT), places=(place,)))) == {"W": verdict}


@pytest.mark.parametrize(
    ("changes", "remarked"),
    [({"near": True}, 0), ({"binding": False}, 1), ({"finite": False}, 1)],
)
def test_some_calls_elsewhere_accuse_nobody(changes: dict[str, bool], remarked: int) -> None:
    """A difference near the truth, rows that may not be rearranged, and a call that overflows."""
    there = replace(call(W=WRONG), **changes)
    decision = decide(Check(call(W=RIGHT), places=(there,)))
    assert verdicts(decision) == {"W": "match"}
    assert len(decision.remarks) == remarked
    assert decision.wrong_call is None


def test_nothing_is_remarked_of_what_is_wrong_here_as_well() -> None:
    there = replace(call(W=WRONG, b=RIGHT), binding=False)
    decision = decide(Check(call(W=WRONG, b=RIGHT), places=(there,)))
    assert decision.remarks == ()
    assert verdicts(decision) == {"W": "mismatch", "b": "match"}


def test_the_first_call_in_which_something_is_wrong_is_the_one_to_explain() -> None:
    here, there, later = call(W=WRONG, b=RIGHT), call(W=WRONG, b=WRONG), call(W=RIGHT, b=WRONG)
    assert decide(Check(here, places=(there,))).wrong_call is here
    right = call(W=RIGHT, b=RIGHT)
    assert decide(Check(right, places=(later, there))).wrong_call is later
    both = decide(Check(right, places=(later, there)))
    assert verdicts(both) == {"W": "mismatch", "b": "mismatch"}


def test_what_is_wrong_already_is_not_asked_about_elsewhere() -> None:
    asked: list[tuple[Path, ...]] = []

    class Asked(Call):
        def is_near(self, blocks: Collection[Path], *, loss: bool) -> bool:
            asked.append(tuple(blocks))
            return not loss

    there = Asked({("W",): cast("Any", "not asked"), ("b",): WRONG, ("c",): RIGHT})
    here = call(W=WRONG, b=RIGHT, c=RIGHT)
    decision = decide(Check(here, places=(there,)))
    assert verdicts(decision) == {"W": "mismatch", "b": "mismatch", "c": "match"}
    assert asked == [(("b",), ("c",))]
    assert decision.wrong_call is here
    loss_too = Check(replace(here, loss=WRONG), places=(replace(there, loss=WRONG),))
    assert verdicts(decide(loss_too))["b"] == "match", "is near, but for a loss that is wrong"


def test_where_all_blocks_are_wrong_nobody_looks_elsewhere() -> None:
    nowhere = replace(call(), blocks=cast("Any", "nothing could become worse"))
    assert verdicts(decide(Check(call(W=WRONG), places=(nowhere,)))) == {"W": "mismatch"}
    with pytest.raises(AttributeError):
        _ = decide(Check(call(W=WRONG, b=RIGHT), places=(nowhere,)))


def zero(allowed: float) -> Quantity:
    return Quantity(ZERO.comparison._replace(allowed=allowed))


@pytest.mark.parametrize(
    ("here", "there", "verdict"),
    [
        (zero(1e-15), call(W=RIGHT), "match"),
        (zero(1e-15), replace(call(W=RIGHT), near=True), "match"),
        (zero(1e-15), replace(call(W=RIGHT), binding=False), "match"),
        (zero(1e-15), replace(call(W=WRONG), near=True), "mismatch"),
        (zero(1e-15), call(W=ZERO), "inconclusive"),
        (zero(1e-15), call(W=COARSE), "inconclusive"),
        (zero(1e-15), replace(call(W=RIGHT), contradicted=True), "inconclusive"),
        # as at a kink
        (zero(0.5), call(W=RIGHT), "inconclusive"),
        (Quantity(COARSE.comparison._replace(allowed=1e-15)), call(W=RIGHT), "match"),
        (UNKNOWN, call(W=RIGHT), "inconclusive"),
        (NOISY, call(W=RIGHT), "inconclusive"),
    ],
)
def test_what_shows_nothing_here_is_decided_elsewhere(
    here: Quantity, there: Call, verdict: Verdict
) -> None:
    decision = decide(
        Check(
            call(W=here, b=RIGHT),
            places=(replace(there, blocks={**there.blocks, ("b",): RIGHT}),),
        )
    )
    assert verdicts(decision) == {"W": verdict, "b": "match"}
    assert decision.shown == ({("W",): "with other parameters"} if verdict == "match" else {})


def test_a_block_of_the_report_shows_the_call_that_decided() -> None:
    there = Quantity(BEYOND._replace(share=9.0, dtype="float32"))
    decision = decide(Check(call(W=RIGHT), places=(call(W=there),)))
    block = block_of("W", decision.rulings.blocks[("W",)])
    assert (block.name, block.verdict) == ("W", "mismatch")
    assert (block.share, block.dtype) == (9.0, "float32")


def test_a_block_of_which_zero_is_right_has_no_resolution() -> None:
    assert block_of("b", of_quantity(NO_EFFECT)).resolution is None
    assert block_of("b", of_quantity(COARSE)).resolution == 0.5
    assert block_of("b", of_quantity(Quantity(BEYOND, zero_everywhere=True))).resolution == 1e-15


def test_the_decision_needs_no_pytorch() -> None:
    code = "import autograd_ref.verdict.decide, sys; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_second_call_accuses_nobody_where_the_reference_is_contradicted() -> None:
    again = replace(call(W=WRONG), sides={frozenset([("W",)]): "reference"})
    assert verdicts(decide(Check(call(W=RIGHT), second=again))) == {"W": "match"}


def test_what_the_second_call_does_wrong_is_no_reason_to_doubt_the_reference() -> None:
    here, again = call(W=RIGHT, b=RIGHT), call(W=WRONG, b=RIGHT)
    decision = decide(Check(here, second=again, contradicted=True))
    assert verdicts(decision) == {"W": "mismatch", "b": "match"}


def test_each_block_is_asked_about_without_the_loss() -> None:
    asked: list[tuple[tuple[Path, ...], bool]] = []

    class Asked(Call):
        def contradicted_side(self, blocks: Collection[Path], *, loss: bool) -> Side | None:
            asked.append((tuple(blocks), loss))
            return "reference"

    _ = decide(Check(Asked({("W",): WRONG, ("b",): WRONG}, loss=WRONG)))
    assert asked == [((("W",), ("b",)), True), ((("W",),), False), ((("b",),), False)]


def test_a_symmetric_parameter_does_not_keep_the_reference_from_being_doubted() -> None:
    decision = decide(Check(call(W=RIGHT, S=MIRRORED), contradicted=True))
    assert verdicts(decision) == {"W": "inconclusive", "S": "inconclusive"}
    assert reason(decision) == CONTRADICTED
