"""Where the cause is unknown, a layer is said to be right for another derivative by its output.

That is said where its parameters are what one other derivative gives, and not where the product or
the sum is wrong as well.
"""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from autograd_ref import check_gradients
from autograd_ref.report.report import Report
from tests.thorough import one_in

A = NDArray[Any]
Parameters = dict[str, A]
RANDOM = np.random.default_rng(0)
NOBODYS = RANDOM.normal(size=(20, 4))
"""Factors that nobody derives, for each sample and unit."""

SAID = "right for another derivative by"


def point(samples: int) -> tuple[Parameters, A]:
    p = {"W": (5, 4), "b": (4,), "V": (4, 2), "c": (2,)}
    parameters = {name: RANDOM.normal(size=shape) for name, shape in p.items()}
    return parameters, RANDOM.normal(size=(samples, 5))


def by_rows(p: Any, x: Any) -> Any:
    h = torch.tanh(x @ p["W"] + p["b"])
    return ((h @ p["V"] + p["c"]) ** 2).mean()


def by_columns(p: Any, x: Any) -> Any:
    h = torch.tanh(p["W"].T @ x.T + p["b"][:, None])
    return ((p["V"].T @ h + p["c"][:, None]) ** 2).mean()


def by_module(p: Any, x: Any) -> Any:
    h = torch.tanh(torch.nn.functional.linear(x, p["W"].T, p["b"]))
    return ((h @ p["V"] + p["c"]) ** 2).mean()


def by_addmm(p: Any, x: Any) -> Any:
    h = torch.tanh(torch.addmm(p["b"], x, p["W"]))
    return ((h @ p["V"] + p["c"]) ** 2).mean()


Change = Callable[[A], A]


def by_hand(p: Parameters, x: A, dz_of: Change, input_of: Change, sum_of: Change) -> Parameters:
    h = np.tanh(x @ p["W"] + p["b"])
    e = h @ p["V"] + p["c"]
    de = 2 * e / e.size
    dz = dz_of(de @ p["V"].T * (1 - h**2))
    return {"W": input_of(x).T @ dz, "b": sum_of(dz), "V": h.T @ de, "c": de.sum(0)}


def same(a: A) -> A:
    return a


def total(dz: A) -> A:
    return dz.sum(0)


def entry_by_entry(dz: A) -> A:
    return dz * NOBODYS[: len(dz)]


def unit_by_unit(dz: A) -> A:
    return dz * NOBODYS[0]


def checked(
    loss: Any, samples: int, dz: Change, input_of: Change = same, sum_of: Change = total
) -> Report:
    parameters, x = point(samples)
    return check_gradients(
        lambda p, x: by_hand(p, x, dz, input_of, sum_of), parameters, x, loss=loss
    )


def said(report: Report) -> list[str]:
    assert report.verdict == "mismatch"
    return [note.text for note in report.pattern if note.kind == "half right"]


@pytest.mark.long
@pytest.mark.parametrize(
    ("samples", "loss"),
    one_in(5, product([1, 3, 5, 20], [by_rows, by_columns, by_module, by_addmm])),
)
def test_a_layer_that_is_right_but_for_what_it_is_given(samples: int, loss: Any) -> None:
    report = checked(loss, samples, unit_by_unit if samples == 20 else entry_by_entry)
    (text,) = said(report)
    assert text.startswith(f"W and b are {SAID} `")
    assert '"W"' in text
    assert text in " ".join(str(report).split())


@pytest.mark.untraced
@pytest.mark.parametrize("samples", [1, 3, 20])
@pytest.mark.parametrize(
    "wrong",
    [
        {"input_of": lambda x: x * NOBODYS[0, 0] + x[:, ::-1]},
        {"sum_of": lambda dz: dz.sum(0) * NOBODYS[3]},
    ],
    ids=["the product", "the sum"],
)
def test_a_layer_whose_product_or_sum_is_wrong_as_well(samples: int, wrong: Any) -> None:
    assert not said(checked(by_rows, samples, unit_by_unit, **wrong))


@pytest.mark.untraced
def test_of_many_samples_every_matrix_has_some_derivative_and_nothing_is_said() -> None:
    assert not said(checked(by_rows, 20, entry_by_entry))


def test_where_a_cause_is_found_it_is_not_said() -> None:
    report = checked(by_rows, 3, lambda dz: -dz)
    assert report.causes
    assert not said(report)


def test_a_matrix_without_a_bias_is_enough_where_samples_are_few() -> None:
    w = RANDOM.normal(size=(5, 4))

    def loss(w: Any, x: Any) -> Any:
        return torch.tanh(w.T @ x).pow(3).sum()

    def gradient(w: A, x: A) -> A:
        h = np.tanh(w.T @ x)
        return np.outer(x, 3 * h**2 * (1 - h**2) * NOBODYS[0])

    (text,) = said(check_gradients(gradient, w, RANDOM.normal(size=5), loss=loss))
    assert f"is {SAID} `w.T @ x`" in text


def test_a_matrix_that_no_derivative_gives() -> None:
    def loss(w: Any, x: Any) -> Any:
        return torch.tanh(w.T @ x).pow(3).sum()

    def gradient(w: A, x: A) -> A:
        h = np.tanh(w.T @ x)
        return np.outer(x, 3 * h**2 * (1 - h**2)) * NOBODYS[:5]

    w, x = RANDOM.normal(size=(5, 4)), RANDOM.normal(size=5)
    assert not said(check_gradients(gradient, w, x, loss=loss))


def by_rows_of_units(w: Any, x: Any) -> Any:
    return torch.sigmoid(x.reshape(1, 3, 5) @ w.T).pow(3).mean()


def used_twice(w: Any, x: Any) -> Any:
    return by_rows_of_units(w, x) + (x @ w.T).pow(2).sum()


def two_factors(w: Any, x: Any) -> Any:
    return torch.sigmoid((x @ w.T) * w.sum()).pow(3).mean()


def by_square(w: Any, x: Any) -> Any:
    return by_rows_of_units(w * w, x)


def cut_off(w: Any, x: Any) -> Any:
    return torch.fft.rfft(by_rows_of_units(w, x) * w).abs().pow(2).sum()


def rearranged(w: Any, x: Any) -> Any:
    return by_rows_of_units(w.reshape(2, 10).T.reshape(4, 5), x)


def not_derived(w: A, x: A) -> A:
    h = 1 / (1 + np.exp(-(x @ w.T)))
    return (3 * h**3 * (1 - h) / h.size * NOBODYS[:3]).T @ x


@pytest.mark.traced("rearranged-False")
@pytest.mark.parametrize(
    ("loss", "is_said"),
    [
        (by_rows_of_units, True),
        (used_twice, False),
        (two_factors, False),
        (by_square, False),
        (cut_off, False),
        (rearranged, False),
    ],
)
def test_a_matrix_of_one_layer_only(loss: Any, is_said: bool) -> None:
    w, x = RANDOM.normal(size=(4, 5)), RANDOM.normal(size=(3, 5))
    assert bool(said(check_gradients(not_derived, w, x, loss=loss))) == is_said
