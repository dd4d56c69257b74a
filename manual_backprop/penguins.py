"""The Palmer penguins: 342 penguins of three species, four measurements each.

`penguins.csv` states its source and its licence (CC0, public domain) in its first lines.
"""

import csv
from importlib.resources import files
from typing import NamedTuple, SupportsIndex

import numpy as np
from numpy.typing import NDArray

from manual_backprop.arguments import require_integer

SPECIES = ("Adelie", "Chinstrap", "Gentoo")
TRAINING_SAMPLES = 280


class Penguins(NamedTuple):
    """Measurements and species; labels in Y are indices of `names`."""

    X: NDArray[np.float64]  # (S, 4): bill length, bill depth, flipper length in cm, body mass in kg
    Y: NDArray[np.int64]  # (S,)
    names: tuple[str, ...]  # Adelie 0, Chinstrap 1, Gentoo 2


class Split(NamedTuple):
    """A training set and a test set with no penguin in common."""

    training: Penguins  # 280
    test: Penguins  # 62


def load_penguins() -> Penguins:
    """Return all 342 penguins with complete measurements, unscaled, in the order of the data set.

    Returns:
        X (342, 4): bill length, bill depth and flipper length in cm, body mass in kg. Y (342,): the
        species as labels. names: the species that the labels mean.

    Source: Horst, Hill and Gorman, the `palmerpenguins` package (CC0).

    Examples:
        >>> X, Y, names = load_penguins()
        >>> X.shape, X[0].tolist(), names[Y[0]]
        ((342, 4), [3.91, 1.87, 18.1, 3.75], 'Adelie')
    """
    text = files("manual_backprop").joinpath("penguins.csv").read_text(encoding="utf-8")
    rows = csv.reader(line for line in text.splitlines() if not line.startswith("#"))
    _header, *penguins = rows
    X = np.array([[float(cell) for cell in measurements] for *measurements, _species in penguins])
    Y = np.array([SPECIES.index(row[-1]) for row in penguins], dtype=np.int64)
    return Penguins(X, Y, SPECIES)


def split(seed: SupportsIndex) -> Split:
    """Return 280 penguins to train on and 62 to test with, drawn and shuffled by the seed.

    Stratified: every species keeps its share of the whole, to the nearest penguin
    (123, 56 and 101 of the 280).

    Raises:
        TypeError, ValueError: seed is not an integer of at least 0.

    Examples:
        >>> training, test = split(seed=0)
        >>> len(training.X), len(test.X)
        (280, 62)
    """
    random = np.random.default_rng(require_integer("seed", seed, at_least=0))
    penguins = load_penguins()
    counts = np.bincount(penguins.Y)
    chosen: list[NDArray[np.intp]] = []
    rest: list[NDArray[np.intp]] = []
    for label, count in enumerate(_shares(counts, TRAINING_SAMPLES)):
        members = random.permutation(np.flatnonzero(np.equal(penguins.Y, label)))
        chosen.append(members[:count])
        rest.append(members[count:])
    return Split(
        training=_take(penguins, random.permutation(np.concatenate(chosen))),
        test=_take(penguins, random.permutation(np.concatenate(rest))),
    )


def standardised(parts: Split) -> Split:
    """Return both parts, scaled so that training features have mean 0 and standard deviation 1."""
    X = parts.training.X
    mean, std = X.mean(axis=0), X.std(axis=0)
    return Split(*(part._replace(X=(part.X - mean) / std) for part in parts))


def _shares(counts: NDArray[np.intp], total: int) -> NDArray[np.intp]:
    """Return integers in proportion to the counts that add up to total, by largest remainder."""
    exact = counts * total / counts.sum()
    shares = np.floor(exact).astype(np.intp)
    largest_remainders = np.argsort(shares - exact, kind="stable")
    shares[largest_remainders[: total - shares.sum()]] += 1
    return shares


def _take(penguins: Penguins, rows: NDArray[np.intp]) -> Penguins:
    return penguins._replace(X=penguins.X[rows], Y=penguins.Y[rows])
