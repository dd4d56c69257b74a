"""python -m tests.pictures: draw the pictures of the tutorials anew, from what their examples do.

A picture is an SVG that loads nothing, on a ground of its own, for light pages and dark ones.
"""

import io
import json
import os
import tempfile
from pathlib import Path
from unittest.mock import patch

from rich.console import Console
from rich.text import Text

from autograd_ref.report.html.page import STYLE
from tests.pages import PROMPT, ROOT, printed_by, the_block, write_files

PAGES = ROOT / "autograd_ref" / "commands"
PICTURES = PAGES / "pictures"
STUDENTS, TEACHERS = (
    (PAGES / name).read_text(encoding="utf-8") for name in ("STUDENTS.md", "TEACHERS.md")
)

COLUMNS = 80
TERMINAL = {"TERM": "xterm-256color", "COLUMNS": f"{COLUMNS}"}

SCREEN = """\
<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width}" viewBox="0 0 {width} {height}">
<title>TITLE</title>
<style>
.{unique_id}-matrix {{ font: {char_height}px ui-monospace, Menlo, Consolas, monospace }}
{styles}
</style>
<defs>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" class="{unique_id}-matrix">
{backgrounds}{matrix}
</g>
</svg>
"""
"""Rich's own loads a font."""

MENDED = {"self.db2 = d.sum(axis=0)": "self.db2 = d.sum(axis=0) / len(Y)"}
TOO_SHORT = {
    "self.dW1 = self.X.T @ d / len(Y)": """self.dW1 = np.zeros_like(self.W1)
        for j in range(self.W1.shape[1] - 1):
            self.dW1[:, j] = self.X.T @ d[:, j] / len(Y)"""
}
"""The students' network with a loop that ends one hidden unit too early."""

CLASS: dict[str, tuple[int, dict[str, str]]] = {
    "right": (8, {}),
    "1/S missing": (5, {"(p - Y) / len(Y)": "p - Y"}),
    "a derivative left out": (4, {" * (1 - h**2)": ""}),
    "another derivative": (2, {"1 - h**2": "1 - h"}),
    "sign flipped": (2, {"(p - Y)": "(Y - p)"}),
    "a mistake without a name": (1, {"1 - h**2": "1 + h**2"}),
    "not checked": (1, {"    p /= ": "    while True:\n        pass\n    p /= "}),
}
"""By what they made: how many hand in Anna's code, and with what in the place of what."""

WIDTH = 680
GROUND = (
    ".page{margin:0;padding:12px 20px;box-sizing:border-box;max-width:none;height:100%;"
    "border:1px solid #8885;border-radius:8px;"
    "font-family:Helvetica,Arial,sans-serif;font-size:15px;background:#fff;color:#1f2328}"
    ".page h1{margin:.2em 0 .5em}.page .gc{font-family:inherit}"
    "@media (prefers-color-scheme:dark){.page{background:#0d1117;color:#e6edf3}}"
)


class Terminal(io.StringIO):
    """A terminal that keeps the lines that are printed on it."""

    def isatty(self) -> bool:
        """Return what a terminal does."""
        return True


def changed(code: str, changes: dict[str, str]) -> str:
    """The code with something in the place of something that it has once."""
    for old, new in changes.items():
        if code.count(old) != 1:
            raise ValueError(f"{old!r} is there {code.count(old)} times; it needs to be there once")
        code = code.replace(old, new)
    return code


def of_terminal(text: str, title: str) -> str:
    """The picture of a terminal, with its colours.

    Args:
        text: with the codes of a terminal.
        title: for those who do not see it.
    """
    console = Console(record=True, file=io.StringIO(), width=COLUMNS)
    console.print(Text.from_ansi(text))
    screen = SCREEN.replace("TITLE", title)
    drawn = console.export_svg(title="", code_format=screen, unique_id="terminal")
    lines = (line.strip() for line in drawn.splitlines())
    return "\n".join(filter(None, lines)) + "\n"


def of_page(html: str, title: str, until: str, height: int) -> str:
    """The beginning of a page with a report.

    Args:
        html: the page.
        title: for those who do not see it.
        until: a paragraph of the report; what comes before it is shown.
        height: in pixels, with some to spare: another font may need another line.
    """
    body = html.partition("<body>")[2].partition(until)[0]
    style = STYLE.replace("body{", ".page{") + GROUND
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{WIDTH}" height="{height}"'
        f' viewBox="0 0 {WIDTH} {height}"><title>{title}</title>'
        f'<foreignObject width="{WIDTH}" height="{height}">'
        f'<div xmlns="http://www.w3.org/1999/xhtml" class="page"><style>{style}</style>'
        f"{body}</div></div></foreignObject></svg>\n"
    )


def terminal(folder: Path) -> str:
    """The students' wrong network, checked on a terminal."""
    write_files(STUDENTS, folder)
    command = the_block(STUDENTS, "check my_network.py --problems 2").text.partition("\n")[0]
    with patch.dict(os.environ, TERMINAL):
        text = printed_by(command, folder, Terminal()).partition("\n\nIndependent check")[0]
    return of_terminal(
        f"{command}\n{text}",
        "crosscheck check on a terminal: the verdict, the cause, the fix, and a table of blocks",
    )


def report(folder: Path) -> str:
    """The report of a network whose loop ends too early, as a page."""
    code = changed(the_block(STUDENTS, "class MyNetwork").text, MENDED | TOO_SHORT)
    _ = (folder / "my_network.py").write_text(code, encoding="utf-8")
    _ = printed_by(f"{PROMPT} check my_network.py --problems 1 --html report.html", folder)
    html = (folder / "report.html").read_text(encoding="utf-8")
    title = "A report as a page, with a map of the entries of W0 that are wrong"
    return of_page(html, title, "<p><b>Independent", 740)


def page(folder: Path) -> str:
    """Ben's page of results."""
    write_files(TEACHERS, folder)
    command = the_block(TEACHERS, "grade submissions --grading").text.partition("\n")[0]
    _ = printed_by(command, folder)
    html = (folder / "results" / "ben.py" / "page.html").read_text(encoding="utf-8")
    title = "A student's page: points, parts, and the report with cause and fix"
    return of_page(html, title, "<h3>", 560)


def mistakes(folder: Path) -> str:
    """The plot of the mistakes that a class made.

    Raises:
        ValueError: they are other ones than `CLASS` says.
    """
    write_files(TEACHERS, folder)
    code = (folder / "submissions" / "anna.py").read_text(encoding="utf-8")
    for kind, (count, changes) in CLASS.items():
        for i in range(count):
            name = f"{kind} {i}.py".replace("/", " ").replace(" ", "_")
            (folder / "class").mkdir(exist_ok=True)
            _ = (folder / "class" / name).write_text(changed(code, changes), encoding="utf-8")
    _ = printed_by(f"{PROMPT} grade class --grading grading.toml --output results", folder)
    grades = json.loads((folder / "results" / "grades.json").read_text(encoding="utf-8"))
    found = {one["mistake"]: one["submissions"] for one in grades["mistakes"]}
    if found != {kind: count for kind, (count, _changes) in CLASS.items()}:
        raise ValueError(f"the class made {found}; CLASS says {CLASS}")
    return (folder / "results" / "mistakes.svg").read_text(encoding="utf-8")


DRAWN = {"terminal": terminal, "report": report, "page": page, "mistakes": mistakes}
"""By the names of their files."""

if __name__ == "__main__":
    for name, drawn in DRAWN.items():
        with tempfile.TemporaryDirectory() as place:
            _ = (PICTURES / f"{name}.svg").write_text(drawn(Path(place)), encoding="utf-8")
