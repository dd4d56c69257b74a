"""The result of `crosscheck train` as a page that needs no other file: the answer first."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape

from autograd_ref.commands.train.runs import MistakenRun, TrainingRun, TrainingSetup
from autograd_ref.commands.train.show import heading, outcomes, sentence, tables
from autograd_ref.report.html import as_html, document
from autograd_ref.report.report import Report

CAPTIONS = {
    "loss": "The loss on the training samples.",
    "accuracy": "The accuracy on the training and on the test samples.",
    "distance": (
        "The largest difference between a parameter by hand and by autograd, and the drift from"
        " rounding, in units of roundoff at the largest parameter. The drift is measured by further"
        " runs whose starting values differ in the last digit, and whose gradients carry random"
        " rounding errors."
    ),
}


def as_page(
    setup: TrainingSetup,
    runs: Sequence[TrainingRun],
    mistaken: Sequence[MistakenRun],
    pictures: Mapping[str, bytes],
) -> str:
    """The document; the pictures are SVG files, by the keys of CAPTIONS."""
    answers = "".join(
        f"<p><b>{escape(run.optimiser)}</b>: {escape(sentence(run))}</p>" for run in runs
    )
    answers += "".join(f"<p>{escape(line)}</p>" for line in outcomes(mistaken))
    drawn = "".join(_picture(CAPTIONS[name], svg) for name, svg in pictures.items())
    numbers = "".join(f"<pre>{escape(table)}</pre>" for table in tables(runs))
    checks = "".join(
        _check(run.optimiser, iteration, report)
        for run in runs
        for iteration, report in run.checks.items()
    )
    about = "".join(f"<p>{escape(line)}</p>" for line in heading(setup).split("\n"))
    body = (
        f"{answers}<h2>Setup</h2>{about}<h2>Pictures</h2>{drawn}<h2>In numbers</h2>{numbers}"
        f"<h2>Gradient checks</h2>{checks}"
    )
    return document("A training run, by hand and by autograd", body)


def _picture(caption: str, svg: bytes) -> str:
    """The picture as an image: inlined, names in one picture would clash with those in the next."""
    data = b64encode(svg).decode()
    return (
        f"<figure><figcaption>{escape(caption)}</figcaption>"
        f'<img alt="{escape(caption)}" src="data:image/svg+xml;base64,{data}"/></figure>'
    )


def _check(optimiser: str, iteration: int, report: Report) -> str:
    shown = " open" if report.verdict != "match" else ""
    title = escape(f"{optimiser}, iteration {iteration}: {report.verdict}")
    return f"<details{shown}><summary>{title}</summary>{as_html(report)}</details>"
