"""The data: its figures, its licence, and how it is split."""

import hashlib
from importlib.resources import files

import numpy as np
import pytest

from manual_backprop import load_penguins
from manual_backprop.penguins import Split, split


def test_there_are_342_penguins_of_three_species() -> None:
    X, Y, names = load_penguins()
    assert X.shape == (342, 4)
    assert X.dtype == np.float64
    assert Y.shape == (342,)
    assert names == ("Adelie", "Chinstrap", "Gentoo")
    assert np.bincount(Y).tolist() == [151, 68, 123]


def test_features_are_in_centimetres_and_kilograms() -> None:
    X = load_penguins().X
    # the published means of the data set: 43.92, 17.15 and 200.92 mm, 4201.75 g
    assert np.allclose(X.mean(axis=0), [4.392, 1.715, 20.092, 4.202], atol=5e-4)
    assert X[0].tolist() == [3.91, 1.87, 18.1, 3.75]


def test_no_figure_has_been_changed() -> None:
    text = files("manual_backprop").joinpath("penguins.csv").read_text(encoding="utf-8")
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert digest == "e53e8b7875d9945103530204edad942c49aa1df11ddefeeb8d7bc02a5bf3938e"


def test_every_call_returns_arrays_of_its_own() -> None:
    load_penguins().X[0, 0] = 1000.0
    assert load_penguins().X[0, 0] == 3.91


def test_source_and_licence_stand_beside_the_figures() -> None:
    text = files("manual_backprop").joinpath("penguins.csv").read_text(encoding="utf-8")
    comment = [line for line in text.splitlines() if line.startswith("#")]
    assert any("palmerpenguins" in line for line in comment)
    assert any("CC0" in line for line in comment)


def as_rows(half: Split) -> list[tuple[float, ...]]:
    return sorted((*x, y) for part in half for x, y in zip(part.X, part.Y, strict=True))


@pytest.mark.parametrize("seed", range(5))
def test_a_split_is_stratified_and_loses_no_penguin(seed: int) -> None:
    training, test = found = split(seed)
    assert (len(training.X), len(training.Y), len(test.X), len(test.Y)) == (280, 280, 62, 62)
    assert np.bincount(training.Y).tolist() == [123, 56, 101]
    assert np.bincount(test.Y).tolist() == [28, 12, 22]
    X, Y, names = load_penguins()
    assert as_rows(found) == sorted((*x, y) for x, y in zip(X, Y, strict=True))
    assert training.names == test.names == names


def test_the_seed_decides_and_species_are_mixed() -> None:
    first, again, other = split(0).training, split(0).training, split(1).training
    assert np.array_equal(first.X, again.X)
    assert not np.array_equal(first.X, other.X)
    assert len(set(first.Y[:20])) == 3
    assert len(set(split(0).test.Y[:20])) == 3
    assert sorted(first.X.tolist()) != sorted(other.X.tolist()), "the same penguins every time"


def test_a_bad_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="seed is -1; it needs to be at least 0"):
        _ = split(-1)
    with pytest.raises(TypeError, match="seed is 'x', of type str"):
        _ = split("x")  # pyright: ignore[reportArgumentType]  the wrong type is the point
