"""Random mistakes in derivations that return their steps: is every wrong one accused, and no other?

python -m tests.naming.steps --combinations 500
"""

import argparse
import sys
from collections import Counter
from collections.abc import Mapping
from time import process_time
from typing import Any, NamedTuple

import numpy as np

from autograd_ref import Report, check_gradients
from tests.naming.derivations import MODELS
from tests.naming.derivations.made import Model

MOST = 5


class Outcome(NamedTuple):
    """One combination of mistakes, and what the report says of it."""

    wrong: Mapping[str, int]
    expected: frozenset[str]
    accused: frozenset[str]
    named: frozenset[str]
    """Steps accused whose cause is given."""
    seconds: float
    report: Report

    @property
    def missed(self) -> frozenset[str]:
        """Wrong steps that were not accused."""
        return self.expected - self.accused

    @property
    def false(self) -> frozenset[str]:
        """Right steps that were."""
        return self.accused - self.expected


def outcome(model: Model, seed: int, dtype: Any = np.float64) -> Outcome | None:
    """Make one to five mistakes at random; None where one of them changes nothing."""
    random = np.random.default_rng(seed)
    parameters, data = model.point(random)
    parameters = {name: a.astype(dtype) for name, a in parameters.items()}
    data = tuple(a.astype(dtype) if a.dtype.kind == "f" else a for a in data)
    right = model.gradients(parameters, *data, {})
    ways = right[3].ways
    names = random.choice(list(ways), random.integers(1, MOST + 1), replace=False)
    wrong = {str(name): int(random.integers(ways[str(name)])) for name in names}
    made = model.gradients(parameters, *data, wrong)
    if made[3].differing != set(wrong) or any(_equal(made, right, name) for name in wrong):
        return None
    start = process_time()
    report = check_gradients(
        lambda p, *d: model.gradients(p, *d, wrong)[:3], parameters, *data, loss=model.loss
    )
    seconds = process_time() - start
    at_fault = [step for step in report.steps if step.verdict == "mismatch"]
    return Outcome(
        wrong,
        frozenset(name if name in parameters else f"d{name}" for name in wrong),
        frozenset(step.name for step in at_fault),
        frozenset(step.name for step in at_fault if step.cause),
        seconds,
        report,
    )


def _equal(made: Any, right: Any, name: str) -> bool:
    """True where mistakes make up for each other, so that a step comes out right."""
    found = [
        run[1][name] if name in run[1] else np.asarray(run[2][f"d{name}"]) for run in (made, right)
    ]
    return np.allclose(*found, rtol=1e-6, atol=1e-12)


def main() -> None:
    """Print a line for each model, and every combination that is judged wrongly."""
    parser = argparse.ArgumentParser(description=__doc__)
    _ = parser.add_argument("--combinations", type=int, default=500)
    _ = parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    for model in MODELS:
        counts, unnamed, seconds = Counter[str](), Counter[str](), list[float]()
        for seed in range(given.seed, given.seed + given.combinations // len(MODELS)):
            found = outcome(model, seed)
            if found is None:
                continue
            counts.update(
                combinations=1,
                wrong=len(found.expected),
                missed=len(found.missed),
                false=len(found.false),
                named=len(found.named),
            )
            unnamed.update(found.accused - found.named)
            seconds.append(found.seconds)
            if found.missed or found.false:
                _ = sys.stdout.write(
                    f"  {model.name} {seed}: {dict(found.wrong)}, missed"
                    f" {sorted(found.missed)}, false {sorted(found.false)}\n"
                )
        spent = f"{np.median(seconds):.2f} s CPU a check, at most {max(seconds):.1f} s"
        _ = sys.stdout.write(f"{model.name}: {dict(counts)}, unnamed {dict(unnamed)}; {spent}\n")
        _ = sys.stdout.flush()


if __name__ == "__main__":
    main()
