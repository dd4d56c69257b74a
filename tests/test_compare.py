"""One block against its reference: what is refused, what is accepted, what cannot be told."""

import re
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from autograd_ref.observe.compare import Values
from autograd_ref.observe.compare import compare as compare_values
from autograd_ref.report.data import Block, Verdict, overall
from autograd_ref.verdict.block import block_by

REFERENCE = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
TOLERANCE = np.full((2, 3), 0.03125)


def compare(
    hand: Any,
    reference: NDArray[Any] = REFERENCE,
    tolerance: NDArray[np.float64] = TOLERANCE,
    dtype: str = "f8",
) -> Block:
    return block_by("W0", compare_values(Values(np.asarray(hand), reference, dtype), tolerance))


def changed(value: float, index: tuple[int, int] = (1, 2)) -> NDArray[np.float64]:
    hand = REFERENCE.copy()
    hand[index] = value
    return hand


def test_equal_arrays_match() -> None:
    block = compare(REFERENCE.copy())
    assert (block.verdict, block.reason, block.max_abs_error, block.share) == ("match", "", 0.0, 0)


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(6.03125, "match"), (6.032, "mismatch"), (5.96875, "match"), (5.968, "mismatch")],
)
def test_the_tolerance_is_the_border(value: float, verdict: Verdict) -> None:
    assert compare(changed(value)).verdict == verdict


def test_the_worst_entry_is_the_one_furthest_over_its_own_tolerance() -> None:
    tolerance = TOLERANCE.copy()
    tolerance[0, 1] = 0.01
    hand = changed(6.03)
    hand[0, 1] = 2.02
    block = compare(hand, tolerance=tolerance)
    assert block.verdict == "mismatch"
    assert block.worst_index == (0, 1)
    assert (block.hand, block.reference, block.tolerance) == (2.02, 2.0, 0.01)
    assert block.share == pytest.approx(2.0)
    assert block.max_abs_error == pytest.approx(0.03)
    assert block.max_rel_error == pytest.approx(0.005)
    assert block.reason == "differs by 2 times its tolerance"


@pytest.mark.parametrize(
    ("hand", "reason"),
    [
        (REFERENCE.T, r"has shape \(3, 2\); it needs \(2, 3\)"),
        (REFERENCE[0], r"has shape \(3,\); it needs \(2, 3\)"),
        (np.float64(1.0), r"has shape \(\); it needs \(2, 3\)"),
        (REFERENCE.astype("f4"), "has dtype float32; it needs float64"),
        (REFERENCE.astype(int), "has dtype int64; it needs float64"),
        (changed(np.nan), r"is nan at \[1, 2\]"),
        (changed(np.inf, (0, 1)), r"is inf at \[0, 1\]"),
    ],
)
def test_what_cannot_be_compared_is_a_mismatch(hand: Any, reason: str) -> None:
    block = compare(hand)
    assert block.verdict == "mismatch"
    assert re.search(reason, block.reason), block.reason
    assert block.share is None


def test_a_tolerance_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"tolerance has shape \(3,\); it needs that of reference"):
        _ = compare(REFERENCE, tolerance=TOLERANCE[0])


def test_nan_on_both_sides_is_not_equal_and_nobody_is_accused() -> None:
    block = compare(changed(np.nan), reference=changed(np.nan))
    assert (block.verdict, block.reason) == ("inconclusive", "the reference is nan at [1, 2]")
    both = changed(np.nan)
    both[0, 0] = np.nan
    assert compare(both, reference=changed(np.nan)).verdict == "mismatch"


def test_a_reference_that_is_not_finite_is_named() -> None:
    block = compare(REFERENCE, reference=changed(np.inf))
    assert (block.verdict, block.reason) == ("inconclusive", "the reference is inf at [1, 2]")
    assert (block.worst_index, block.hand, block.reference) == ((1, 2), 6.0, np.inf)


def test_what_is_not_known_has_no_part_in_the_resolution() -> None:
    wrong = changed(7.0, (0, 1))
    unknown, known = compare(wrong, reference=changed(np.nan)), compare(wrong)
    assert unknown.verdict == known.verdict == "mismatch"
    assert known.resolution is not None
    assert unknown.resolution == pytest.approx(known.resolution, rel=0.5)


def test_what_is_too_large_for_the_format_is_no_number_in_it() -> None:
    hand = changed(np.inf).astype(np.float32)
    assert compare(hand, reference=changed(1e39), dtype="f4").verdict == "inconclusive"
    assert compare(hand, reference=changed(1e38), dtype="f4").verdict == "mismatch"


@pytest.mark.parametrize(("tolerance", "verdict"), [(0.99, "match"), (1.01, "inconclusive")])
def test_a_block_that_could_be_off_by_one_per_cent_is_not_called_right(
    tolerance: float, verdict: Verdict
) -> None:
    """In Euclidean norms, so that it holds for an error of any pattern."""
    size = float(np.linalg.norm(REFERENCE)) / 6**0.5
    block = compare(REFERENCE.copy(), tolerance=np.full((2, 3), tolerance * 1e-2 * size))
    assert block.verdict == verdict
    assert block.resolution == pytest.approx(tolerance * 1e-2)


@pytest.mark.parametrize(
    ("hand", "cosine", "ratio"),
    [
        (-REFERENCE, -1, 1),
        (2 * REFERENCE, 1, 2),
        (np.array([[6.0, 5.0, 4.0], [-3.0, -2.0, -1.0]]), 0, 1),
        (np.zeros((2, 3)), None, 0),
        (1e300 * REFERENCE, 1, 1e300),
    ],
)
def test_cosine_and_ratio_of_norms(
    hand: NDArray[np.float64], cosine: float | None, ratio: float
) -> None:
    block = compare(hand)
    assert block.cosine == (None if cosine is None else pytest.approx(cosine, abs=1e-15))
    assert block.norm_ratio == pytest.approx(ratio)


def test_nothing_is_relative_to_a_reference_of_zeros() -> None:
    block = compare(REFERENCE, reference=np.zeros((2, 3)))
    assert (block.max_rel_error, block.cosine, block.norm_ratio) == (None, None, None)
    assert block.resolution == np.inf


def test_numbers_at_both_ends_of_the_format_warn_of_nothing() -> None:
    tiny = np.full((2, 3), 1e-316)
    block = compare(tiny, reference=tiny)
    assert (block.verdict, block.resolution) == ("inconclusive", np.inf)
    block = compare(tiny + 1e300, reference=tiny, tolerance=tiny)
    assert (block.verdict, block.share, block.norm_ratio) == ("mismatch", np.inf, np.inf)


def test_where_the_reference_is_known_in_part_the_known_part_can_be_wrong() -> None:
    reference = changed(np.nan)
    hand = changed(np.nan)
    assert compare(hand, reference=reference).verdict == "inconclusive"
    hand[0, 1] += 1
    block = compare(hand, reference=reference)
    assert (block.verdict, block.worst_index, block.max_abs_error) == ("mismatch", (0, 1), 1.0)
    assert (block.hand, block.reference) == (3.0, 2.0)


def test_what_rounding_may_take_beyond_the_format_is_open() -> None:
    reference = changed(3.4e38)
    tolerance = 1e-3 * reference
    block = compare(changed(np.inf).astype("f4"), reference, tolerance, dtype="f4")
    assert block.verdict == "inconclusive"
    assert block.reason.endswith("at [1, 2], which may overflow float32 after rounding")


def test_a_reference_of_zeros_shows_nothing_unless_hand_is_not_zero() -> None:
    zeros = np.zeros((2, 3))
    assert compare(zeros, reference=zeros).verdict == "inconclusive"
    assert compare(zeros + 0.03, reference=zeros).verdict == "inconclusive"
    assert compare(zeros + 0.032, reference=zeros).verdict == "mismatch"


def test_no_tolerance_forgives_nothing() -> None:
    nothing = np.zeros((2, 3))
    assert compare(REFERENCE.copy(), tolerance=nothing).verdict == "match"
    assert compare(changed(6.0 + 1e-15), tolerance=nothing).verdict == "mismatch"


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (["match", "match"], "match"),
        (["match", "inconclusive"], "inconclusive"),
        (["inconclusive", "mismatch", "match"], "mismatch"),
    ],
)
def test_mismatch_comes_before_inconclusive_before_match(
    verdicts: list[Verdict], expected: Verdict
) -> None:
    assert overall(verdicts) == expected


@pytest.mark.parametrize(("tolerance", "verdict"), [(0.99, "match"), (1.01, "inconclusive")])
def test_in_float16_a_block_that_could_be_off_by_128_units_is_not_called_right(
    tolerance: float, verdict: Verdict
) -> None:
    most = tolerance * 128 * 2.0**-11 * float(np.linalg.norm(REFERENCE)) / 6**0.5
    block = compare(REFERENCE.astype("f2"), tolerance=np.full((2, 3), most), dtype="f2")
    assert block.verdict == verdict


def test_where_the_reference_is_known_in_part_the_tolerance_is_the_border_too() -> None:
    hand, reference = changed(np.nan), changed(np.nan)
    hand[0, 1] = 2.0 + 0.03
    assert compare(hand, reference=reference).verdict == "inconclusive"
    hand[0, 1] = 2.0 + 0.032
    assert compare(hand, reference=reference).verdict == "mismatch"


def test_another_dtype_is_said_to_agree_only_where_all_entries_do() -> None:
    right = "has dtype float32; it needs float64, with which its values agree"
    assert compare(REFERENCE.astype("f4")).reason == right
    assert compare(changed(7.0).astype("f4")).reason == "has dtype float32; it needs float64"
