"""A gradient gone through in batches: which samples count, and how often, is named."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch

from autograd_ref import Report, check_gradients
from autograd_ref.diagnosis.relations.relation import Around
from autograd_ref.diagnosis.relations.samples import BATCHES
from tests.thorough import by_profile

A = np.ndarray[Any, Any]
Weights = dict[str, A]
NAMES = {relation.name for relation in BATCHES}


def loss(p: Any, X: Any, y: Any) -> Any:
    return ((torch.tanh(X @ p["w"]) @ p["v"] - y) ** 2).mean()


def of(p: Weights, X: A, y: A) -> Weights:
    a = np.tanh(X @ p["w"])
    e = 2 * (a @ p["v"] - y) / len(y)
    return {"v": a.T @ e, "w": X.T @ (e[:, None] * p["v"] * (1 - a**2))}


def problem(samples: int = 10, seed: int = 0, dtype: str = "float64") -> tuple[Weights, A, A]:
    random = np.random.default_rng(seed)
    p = {"w": random.normal(size=(3, 2)).astype(dtype), "v": random.normal(size=2).astype(dtype)}
    X, y = random.normal(size=(samples, 3)), random.normal(size=samples)
    return p, X.astype(dtype), y.astype(dtype)


Cut = Callable[[A], Sequence[A]]
Together = Callable[[list[A], list[int], int], Any]


def batches(size: int) -> Cut:
    return lambda order: [order[i : i + size] for i in range(0, len(order), size)]


def put_together(cut: Cut, together: Together) -> Any:
    """The gradients of batches, put together."""

    def gradients(p: Weights, X: A, y: A) -> Weights:
        parts = cut(np.arange(len(X)))
        found = [of(p, X[i], y[i]) for i in parts]
        sizes = [len(i) for i in parts]
        return {name: together([one[name] for one in found], sizes, len(X)) for name in p}

    return gradients


def report_of(gradients: Any, *given: Any, **options: Any) -> Report:
    return check_gradients(gradients, *(given or problem()), loss=loss, **options)


def parts(order: A) -> Sequence[A]:
    return np.array_split(order, 3)


def slices(order: A) -> Sequence[A]:
    return [order[i::3] for i in range(3)]


FOURS = "of the means of unequal batches, of 4 samples, the last of 2, "
NAMED: dict[str, tuple[Cut, Together]] = {
    FOURS + "averaged": (batches(4), lambda g, n, S: sum(g) / len(g)),
    FOURS + "added up": (batches(4), lambda g, n, S: sum(g)),
    FOURS + "added up and divided by 2": (batches(4), lambda g, n, S: sum(g) / (S // 4)),
    FOURS + "each weighted as one of 4": (batches(4), lambda g, n, S: sum(4 / S * a for a in g)),
    "unequal batches, 3 parts of 4 or 3 samples, averaged": (parts, lambda g, n, S: sum(g) / 3),
    "unequal batches, 3 parts of 4 or 3 samples, added up": (parts, lambda g, n, S: sum(g)),
    "unequal batches, slices [i::3] of 4 or 3 samples, averaged": (
        slices,
        lambda g, n, S: np.mean(g, axis=0),
    ),
    "only the first samples, 8 of 10, divided by their number": (
        batches(4),
        lambda g, n, S: np.mean([a for a, m in zip(g, n, strict=True) if m == 4], axis=0),
    ),
    "only the first samples, 8 of 10, still divided by S": (
        batches(4),
        lambda g, n, S: sum(4 / S * a for a in g[:2]),
    ),
    "only the first samples, 4 of 10, divided by their number": (
        batches(4),
        lambda g, n, S: g[0],
    ),
    "only the first samples, 4 of 10, divided by their number and by 3": (
        batches(4),
        lambda g, n, S: g[0] / len(g),
    ),
    "only the last samples, 2 of 10, divided by their number": (
        batches(4),
        lambda g, n, S: g[-1],
    ),
    "only the last samples, 2 of 10, divided by their number and by 3": (
        batches(4),
        lambda g, n, S: g[-1] / len(g),
    ),
    "only the last samples, 5 of 10, still divided by S": (
        batches(5),
        lambda g, n, S: g[-1] / len(g),
    ),
}


@pytest.mark.parametrize("said", NAMED)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_what_is_done_with_batches_is_named(said: str, dtype: str) -> None:
    (cause,) = report_of(put_together(*NAMED[said]), *problem(dtype=dtype)).causes
    assert cause.explanation.startswith("Your w and v are what comes of ")
    assert cause.explanation.endswith(f"{said}.")
    assert cause.kind in said


@pytest.mark.long
def test_any_size_of_batches_is_named() -> None:
    for seed in range(by_profile(dev=4, ci=4, thorough=100)):
        samples = int(np.random.default_rng(seed).integers(5, 80))
        size = next(k for k in range(2 + seed % (samples - 3), samples) if samples % k)
        report = report_of(
            put_together(batches(size), lambda g, n, S: sum(g) / len(g)), *problem(samples, seed)
        )
        said = f"of {size} samples, the last of {samples % size}, averaged."
        alike = f"{-(-samples // size)} parts of "  # where those are the same
        (cause,) = report.causes
        assert said in cause.explanation or alike in cause.explanation, report


def test_a_mean_of_means_is_right_where_all_batches_are_of_one_size() -> None:
    assert report_of(put_together(batches(5), lambda g, n, S: sum(g) / len(g))).passed
    weighted = put_together(batches(4), lambda g, n, S: np.tensordot(n, g, 1) / S)
    assert report_of(weighted).passed


def test_it_is_named_beside_another_mistake() -> None:
    report = report_of(put_together(batches(4), lambda g, n, S: -sum(g) / len(g)))
    assert [cause.kind for cause in report.causes] == ["sign flipped + unequal batches"]


def test_what_is_only_near_is_none() -> None:
    report = report_of(put_together(batches(4), lambda g, n, S: 1.0001 * np.sin(sum(g) / len(g))))
    assert report.verdict == "mismatch"
    assert not {cause.kind for cause in report.causes} & NAMES


def around(samples: int, *, unit: float = 2.0**-53, each: Any = None, size: int = 4) -> Around:
    random = np.random.default_rng(samples)
    alone = random.normal(size=(samples, size)) if each is None else each
    return Around(
        right=np.asarray(alone).sum(axis=0),
        parameter=np.zeros(size),
        others={},
        samples=samples,
        counts={},
        each=lambda: alone,
        close=lambda one, two, coarser=1.0: bool(np.abs(one - two).max() <= 1e-9 * coarser),
        unit=unit,
    )


@pytest.mark.parametrize("relation", BATCHES, ids=lambda one: one.name)
def test_a_claim_is_made_of_few_entries_only_beside_others(relation: Any) -> None:
    for size in (1, 2, 3):
        about = around(9, size=size)
        block = next(iter(relation.variants(about))).block
        claim = relation.claim(block, about)
        assert claim is not None
        assert claim.weak == (size < 3)


@pytest.mark.parametrize("relation", BATCHES, ids=lambda one: one.name)
def test_no_claim_is_made_where_it_could_be_chance(relation: Any) -> None:
    about = around(9)
    block = next(iter(relation.variants(about))).block
    assert relation.claim(block, about._replace(unit=2.0**-9)) is None
    assert relation.claim(block[:2], about) is None
    assert relation.claim(block, about._replace(each=lambda: None)) is None
    assert relation.claim(block, about._replace(samples=1)) is None
    assert [*relation.variants(about._replace(samples=1))] == []
    assert relation.claim(block + 1e-6, about) is None


@pytest.mark.parametrize("samples", range(2, 14))
def test_the_samples_that_are_averaged_count_as_many_times_as_there_are(samples: int) -> None:
    first, last, unequal = (
        [*one.variants(around(samples, each=np.eye(samples), size=samples))] for one in BATCHES
    )
    for variant in (*first, *last, *unequal):
        total = variant.block.sum()
        if variant.detail.endswith((", averaged", ", divided by their number")):
            assert total == pytest.approx(samples)
        assert not np.allclose(variant.block, variant.block[0])  # a factor has another name
        assert variant.block.min() >= 0
    assert len(first) == 3 * max(0, samples - 3)
    for one, other in zip(first[:2], last[:2], strict=True):
        assert one.block.tolist() == other.block[::-1].tolist()
