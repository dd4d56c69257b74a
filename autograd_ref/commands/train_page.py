"""What `crosscheck train` found, as a page that needs no other file: the answer first."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape

from autograd_ref.commands.train_show import About, Run, Wrong, heading, sentence, tables
from autograd_ref.report.html import as_html, document
from autograd_ref.report.report import Report

CAPTIONS = {
    "loss": "The loss of the training samples.",
    "accuracy": "The share of samples whose class is predicted.",
    "distance": (
        "The largest difference between a parameter by hand and by autograd, and how far rounding"
        " alone leads, in units of roundoff at the largest parameter. Rounding leads as far as"
        " twins of the run by hand go apart that start at the next number, each gradient off by"
        " what rounding may do to it."
    ),
}


def as_page(
    about: About, runs: Sequence[Run], wrong: Sequence[Wrong], pictures: Mapping[str, bytes]
) -> str:
    """The document.

    Args:
        about: what was trained.
        runs: the runs by hand and by autograd.
        wrong: those with a mistake.
        pictures: SVG files, by the keys of CAPTIONS.
    """
    answers = "".join(
        f"<p><b>{escape(run.optimiser)}</b>: {escape(sentence(run))}</p>" for run in runs
    )
    drawn = "".join(_picture(CAPTIONS[name], svg) for name, svg in pictures.items())
    numbers = f"<h2>In numbers</h2><pre>{escape(tables(runs, wrong))}</pre>"
    checks = "".join(
        _check(run.optimiser, iteration, report)
        for run in runs
        for iteration, report in run.checks.items()
    )
    first = f"<pre>{escape(heading(about))}</pre>{answers}"
    body = f"{first}{drawn}{numbers}<h2>Gradient checks</h2>{checks}"
    return document("A training run, by hand and by autograd", body)


def _picture(caption: str, svg: bytes) -> str:
    """As an image, because the names inside one picture are those inside the next."""
    data = b64encode(svg).decode()
    return (
        f"<figure><figcaption>{escape(caption)}</figcaption>"
        f'<img alt="{escape(caption)}" src="data:image/svg+xml;base64,{data}"/></figure>'
    )


def _check(optimiser: str, iteration: int, report: Report) -> str:
    shown = " open" if report.verdict != "match" else ""
    title = escape(f"{optimiser}, iteration {iteration}: {report.verdict}")
    return f"<details{shown}><summary>{title}</summary>{as_html(report)}</details>"
