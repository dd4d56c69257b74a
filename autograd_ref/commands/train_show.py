"""What `crosscheck train` found, as text and as JSON."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from autograd_ref.assignment.training import Moment
from autograd_ref.commands.check_show import filled
from autograd_ref.report.data import Verdict, overall
from autograd_ref.report.report import Report
from manual_backprop import NetworkShape, Parameters

SCHEMA = 1
ROWS = 7
"""Lines of a table between the first and the last iteration."""


class About(NamedTuple):
    """What was trained."""

    network: NetworkShape
    seed: int
    dtype: str
    step: float
    iterations: int
    """That were asked for."""
    standardised: bool
    interrupted: bool = False


@dataclass
class Run:
    """One optimiser, by hand and by autograd."""

    optimiser: str
    moments: list[Moment] = field(default_factory=list[Moment])
    parameters: Parameters | None = None
    """The last ones by hand."""
    checks: dict[int, Report] = field(default_factory=dict[int, Report])
    """Gradient checks, by iteration."""

    @property
    def verdict(self) -> Verdict:
        """That of the checks; a mismatch, too, where a distance is more than rounding leads."""
        if not all(moment.within for moment in self.moments):
            return "mismatch"
        return overall(report.verdict for report in self.checks.values())


@dataclass
class Wrong:
    """One optimiser with a mistake in the gradient."""

    optimiser: str
    mistake: str
    losses: list[float] = field(default_factory=list[float])
    ended: str = ""
    """Why before the last iteration, where it did."""


def as_text(about: About, runs: Sequence[Run], wrong: Sequence[Wrong]) -> str:
    """What was trained, and the tables."""
    return f"{heading(about)}\n\n{tables(runs, wrong)}".rstrip() + "\n"


def tables(runs: Sequence[Run], wrong: Sequence[Wrong]) -> str:
    """A table for each run, and what follows from it."""
    parts: list[str] = []
    for run in runs:
        parts += [f"{_table(run)}\n", filled(sentence(run))]
    parts += [_line(curve) for curve in wrong if curve.losses or curve.ended]
    return "\n\n".join(part.rstrip() for part in parts)


def as_json(about: About, runs: Sequence[Run], wrong: Sequence[Wrong]) -> str:
    """The same content for machines, with every iterate's figures."""
    network = about.network
    content = {
        "schema": SCHEMA,
        "network": [network.inputs, network.hidden, network.outputs],
        **{name: value for name, value in about._asdict().items() if name != "network"},
        "runs": [
            {
                "optimiser": run.optimiser,
                "verdict": run.verdict,
                "sentence": sentence(run),
                "moments": [moment._asdict() for moment in run.moments],
                "checks": {number: report.verdict for number, report in run.checks.items()},
            }
            for run in runs
        ],
        "wrong": [vars(curve) for curve in wrong],
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def sentence(run: Run) -> str:
    """Whether hand and autograd agree, as far as that can be told."""
    checks = ", ".join(f"{report.verdict} at {number}" for number, report in run.checks.items())
    said = f"Gradient checks by iteration: {checks}." if checks else "No gradient check was made."
    if run.verdict == "mismatch":
        far = next((m.iteration for m in run.moments if not m.within), None)
        where = "" if far is None else f", from iteration {far} on"
        return f"Mismatch: hand and autograd do not agree{where}. {said}"
    parted = next((m.iteration for m in run.moments if m.parted), len(run.moments))
    shares = [m.distance / m.by_rounding for m in run.moments[:parted] if m.by_rounding > 0]
    most = max(shares, default=0.0)
    together = (
        f"{run.verdict.capitalize()}: hand and autograd are at most {most:.2g} times as far apart"
        " as rounding leads"
    )
    if parted < len(run.moments):
        together += (
            f", before iteration {parted}. From there on rounding alone leads elsewhere: where a"
            " run ends then says nothing about a gradient"
        )
    return f"{together}. {said}"


def heading(about: About) -> str:
    """What was trained, in lines."""
    network = about.network
    features = "features standardised" if about.standardised else "features as they are"
    ended = ("Interrupted: what was not done by then is missing",) if about.interrupted else ()
    return "\n".join(
        (
            f"Palmer penguins: 280 to train on, 62 to test with, seed {about.seed}, {features}",
            f"Network: {network.inputs} inputs, {network.hidden} hidden units, {network.outputs}"
            f" outputs; {network.parameter_count} parameters from N(0, 0.05), {about.dtype}",
            f"Step {about.step:g}, {about.iterations} iterations",
            *ended,
        )
    )


def _table(run: Run) -> str:
    last = len(run.moments) - 1
    shown = np.unique(np.linspace(0, last, min(ROWS + 1, last + 1)).astype(int))
    lines = [
        f"{run.optimiser}",
        "                             predicted rightly    largest difference of a parameter",
        " iteration        loss      training       test    hand/autograd    rounding leads",
    ]
    for moment in [run.moments[int(i)] for i in shown]:
        lines.append(
            f" {moment.iteration:>9}  {moment.loss:>10.4g}  {moment.accuracy:>12.1%}"
            f" {moment.test_accuracy:>10.1%}  {moment.distance:>15.1e}"
            f"  {moment.by_rounding:>16.1e}"
        )
    return "\n".join(lines)


def _line(curve: Wrong) -> str:
    said: list[str] = []
    if curve.losses:
        first, last, count = curve.losses[0], curve.losses[-1], len(curve.losses) - 1
        said.append(f"the loss goes from {first:.4g} to {last:.4g} in {count} iterations")
    if curve.ended:
        said.append(curve.ended)
    return filled(f"{curve.optimiser}, with the mistake {curve.mistake}: {'; '.join(said)}.")
