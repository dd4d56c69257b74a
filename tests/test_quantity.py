"""One quantity at the levels of tolerance, each given by hand."""

import numpy as np

from autograd_ref.observe.compare import Values
from autograd_ref.observe.quantity import A, Quantity
from autograd_ref.reference.protocol import Level

STRICT, DRIFTING, TEXTBOOK = np.array([0.1, 0.1]), np.array([0.2, 0.1]), np.array([0.05, 0.3])


LEAST, GROSS = np.array([0.03, 0.1]), np.array([0.01, 0.2])


def quantity(*errors: float, scatter: A | None = None, systematic: bool = False) -> Quantity:
    reference = np.array([1.0, 2.0])
    levels = dict(zip(Level, (LEAST, STRICT, GROSS, DRIFTING, TEXTBOOK), strict=True))
    values = Values(reference + errors, reference, "f8")
    return Quantity(
        values,
        lambda level: levels[level],
        lambda _error, _off: scatter,
        lambda _error, _off: systematic,
        1e-8,
    )


def levels_of(*errors: float, systematic: bool) -> list[Level | None]:
    return [one.level for one in quantity(*errors, systematic=systematic).levels]


def test_what_is_far_beyond_all_levels_and_systematic_needs_no_more_of_them() -> None:
    everything = [Level.ACCUMULATED, Level.STRICT, Level.DRIFTING, Level.TEXTBOOK]
    assert levels_of(50.0, 0.0, systematic=True) == [Level.ACCUMULATED, Level.GROSS]
    assert levels_of(50.0, 0.0, systematic=False) == everything
    assert levels_of(10.0, 0.0, systematic=True) == everything, "others may be off by 0.16"
    assert levels_of(0.0, 0.05, systematic=True) == [Level.ACCUMULATED]
    assert levels_of(0.05, 0.0, systematic=True) == [Level.ACCUMULATED, Level.STRICT]


def test_a_wider_level_takes_nothing_away() -> None:
    """An entry has the larger of the tolerances for sums that drift and for textbook formulas."""
    assert not quantity(0.15, 0.25).comparison.beyond
    assert quantity(0.25, 0.25).comparison.beyond


def test_noise_widens_the_tolerance_and_never_narrows_it() -> None:
    assert not quantity(0.15, 0.5, scatter=np.array([0.0, 0.1])).comparison.beyond
    assert quantity(0.15, 0.7, scatter=np.array([0.0, 0.1])).comparison.beyond


def test_digits_are_lost_where_sums_that_drift_do_not_explain_the_error() -> None:
    assert quantity(0.15, 0.0).lost_digits is None
    lost = quantity(0.15, 0.25).lost_digits
    assert lost is not None
    assert lost.worst_index == (1,)
    assert quantity(0.0, 0.4).lost_digits is None, "nothing explains it"
