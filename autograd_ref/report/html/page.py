"""A whole page of HTML, with the date, the versions and the machine at its end."""

import platform
from collections.abc import Sequence
from datetime import date
from html import escape

from autograd_ref.report.data import ReportData
from autograd_ref.report.html.fragment import as_html
from autograd_ref.report.words import printable
from autograd_ref.versions import installed

STYLE = (
    ":root{color-scheme:light dark}"
    "body{max-width:60em;margin:1em auto;padding:0 1em;font-family:system-ui,sans-serif;"
    "line-height:1.4;overflow-wrap:anywhere}"
    "h1{font-size:1.4em}h2{font-size:1.15em}"
    "figure{margin:1em 0;break-inside:avoid}img{max-width:100%;background:#fff}"
    "pre{overflow-x:auto;font-size:13px;line-height:1.35}"
    "footer{margin-top:2em;font-size:13px;opacity:.8}"
)
PACKAGES = ("backprop-crosscheck", "torch", "numpy")


def as_page(
    report: ReportData,
    title: str = "Gradient check",
    lead: str = "",
    called: Sequence[str] = (),
    problems: str = "",
) -> str:
    """Return a page of a report, after a paragraph that leads to it.

    Paragraphs on how the function was called follow, and a table of all problems.
    """
    first = _paragraph(lead) if lead else ""
    last = "".join(map(_paragraph, called))
    last += f"<pre>{escape(printable(problems))}\n</pre>" if problems else ""
    last = f"<h2>All problems</h2>{last}" if last else ""
    return document(title, first + as_html(report) + last)


def document(title: str, body: str) -> str:
    """Return a whole page; its title is text, its body HTML."""
    heading = escape(printable(title))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"/>'
        '<meta name="viewport" content="width=device-width"/>'
        f"<title>{heading}</title><style>{STYLE}</style></head>"
        f"<body><h1>{heading}</h1>{body}<footer>{escape(origin())}</footer></body></html>\n"
    )


def origin() -> str:
    """Return the date, the versions and the machine, in one sentence."""
    packages = [f"{name} {found}" for name, found in installed(*PACKAGES).items()]
    return (
        f"{date.today()}; {', '.join(packages)}, Python"
        f" {platform.python_version()}; {platform.system()} on {platform.machine()}."
    )


def _paragraph(text: str) -> str:
    return f"<p>{escape(printable(text))}</p>"
