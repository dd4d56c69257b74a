"""A report as text, as JSON and as HTML: what is said, in what form, and that nothing is lost."""

import json
import platform
import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from autograd_ref import check_gradients
from autograd_ref.report import plain
from autograd_ref.report.behaviour import HARMFUL
from autograd_ref.report.data import (
    Block,
    Cause,
    IndependentCheck,
    Note,
    ReportData,
    Slope,
    Step,
)
from autograd_ref.report.html import as_html, as_page, page
from autograd_ref.report.html.maps import MOST_CELLS, colour_of, figure, reduced
from autograd_ref.report.report import Report
from autograd_ref.report.sentences import MOST_DETAILED, MOST_PLACES
from autograd_ref.report.table import Display
from autograd_ref.report.text import MOST_MATCHING, as_text
from autograd_ref.report.words import WIDTH, printable

A = NDArray[Any]
X = np.random.default_rng(0).normal(size=(9, 4))
Y = np.random.default_rng(1).normal(size=9)
PARAMETERS = {"w": np.array([0.3, -1.2, 0.7, 2.0]), "b": np.array(0.5)}


def loss(p: Any, X: Any, y: Any) -> Any:
    return ((X @ p["w"] + p["b"] - y) ** 2).mean()


def right(p: Any, X: A, y: A) -> tuple[float, dict[str, A]]:
    residual = X @ p["w"] + p["b"] - y
    slopes = 2 * residual / len(y)
    return float((residual**2).mean()), {"w": X.T @ slopes, "b": np.asarray(slopes.sum())}


def wrong(p: Any, X: A, y: A) -> tuple[float, dict[str, A]]:
    value, found = right(p, X, y)
    found["w"][2] *= 1 + 1e-6
    return value, found


MATCH = check_gradients(right, PARAMETERS, X, Y, loss=loss)
MISMATCH = check_gradients(wrong, PARAMETERS, X, Y, loss=loss)


def without_b(p: Any, X: A, y: A) -> Any:
    return {**right({**p, "b": 0 * p["b"]}, X, y)[1], "b": np.zeros(())}


INCONCLUSIVE = check_gradients(
    without_b, PARAMETERS, X, Y, loss=lambda p, X, y: loss({**p, "b": torch.zeros(())}, X, y)
)

# not formatted, so that the sixteen fields of a block keep to a few lines
MANGLED = Report(
    blocks=(
        Block("w" * 40, (10**6, 10**6, 10**6), "float64", "mismatch", "differs " * 30,
              1e300, None, np.inf, 0.0, (10**6, 3, 5), np.nan, -np.inf, -1.0, 1e300, np.inf),
        Block("é<b>", (), "float32", "inconclusive", "is open", *[None] * 10),
    ),
    findings=(Note("accumulates", "A <sentence> that goes on and on. " * 9),),
    allowed=("reuses its result",),
    warnings=(Note("square", "Ünïcode & more"),),
    not_checked=(Note("complex", "the gradient by z <complex>"), Note("nested", "tensors in x[1]")),
    witness=IndependentCheck(
        "hand", "It is " * 40, 1.0, np.nan, Slope(np.inf, 0.1), Slope(2.0, np.nan)
    ),
    shares={"é<b>": np.array(np.inf)},
)  # fmt: skip

CAUSE = Cause("twice", ("w",), "Your w is twice the reference.", "w / 2", 0.5, 2.2e-16)
EXPLAINED = Report(
    MISMATCH.blocks,
    causes=(CAUSE, CAUSE._replace(kind="mean", explanation="It is a mean.", fix="w.mean()")),
    pattern=(Note("unknown cause", "Of b nothing is known."), Note("where", "b: row 1.")),
    steps=(Step("z1", "match", "`X @ W` (line 3)", 0.1), Step("w", "mismatch", "the loss", 2.0)),
)

REPORTS = [MATCH, MISMATCH, INCONCLUSIVE, MANGLED, EXPLAINED]


# text


@pytest.mark.parametrize(
    ("report", "sentence"),
    [
        (
            MATCH,
            r"Match: error / tolerance is at most 0\.\d+ \(1 allowed\); no block can be off by",
        ),
        (MISMATCH, r"Mismatch: w is wrong; loss and b agree\."),
        (INCONCLUSIVE, r"Inconclusive: b cannot be decided here; w agrees\."),
        (
            MANGLED,
            r"Mismatch: w+ is wrong; é<b> cannot be decided here; besides, the function accum",
        ),
    ],
)
def test_the_verdict_comes_first_in_one_sentence(report: Report, sentence: str) -> None:
    first = str(report).split("\n\n")[0].replace("\n", " ")
    assert re.match(sentence, first), first


@pytest.mark.parametrize("report", REPORTS)
def test_the_text_fits_80_columns_and_adds_nothing_but_ascii(report: Report) -> None:
    text = str(report)
    assert set(re.sub("[éÜï]", "", text)) <= {"\n", *map(chr, range(32, 127))}
    assert max(map(len, text.splitlines())) <= WIDTH == 80
    assert all(line == line.rstrip() for line in text.splitlines())


def test_the_worst_entry_is_told_with_both_values_the_difference_and_its_tolerance() -> None:
    (block,) = [block for block in MISMATCH.blocks if block.name == "w"]
    assert block.worst_index == (2,)
    exact = right(PARAMETERS, X, Y)[1]["w"][2]
    assert block.reference == pytest.approx(exact, rel=1e-14)
    assert block.hand == pytest.approx(exact * (1 + 1e-6), rel=1e-14)
    text = str(MISMATCH)
    assert "at [2]:" in text
    for label, value in (("yours", block.hand), ("reference", block.reference)):
        assert re.search(rf"{label} +{re.escape(f'{value:.17g}')}\n", text)
    assert f"{block.tolerance:.3g}" in text
    assert re.search(r"difference +[\d.]+e-0[67]\n", text)
    assert "Independent check: The numerical derivatives of both losses agree with the" in text


def test_findings_warnings_and_the_reference_are_in_the_text() -> None:
    text = str(MANGLED).replace("\n    ", " ")
    assert "Finding: A <sentence> that goes on" in text
    assert "Warning: Ünïcode & more" in text
    assert "Not checked: the gradient by z <complex>; tensors in x[1].\n" in text
    assert "Not checked" not in str(MATCH)
    assert text.endswith("Reference: autograd.")
    assert "Warning: The reference gradient of b is zero" in str(INCONCLUSIVE)


def test_of_very_many_blocks_that_match_only_some_are_listed_and_all_others() -> None:
    good, bad = (next(b for b in r.blocks if b.name == "w") for r in (MATCH, MISMATCH))
    matching = [good._replace(name=f"layer{i}") for i in range(200)]
    text = as_text(Report(blocks=(*matching, bad._replace(name="last"))))
    assert text.count("layer") < 2 * MOST_MATCHING
    assert f"and {200 - MOST_MATCHING} more blocks that match." in text
    assert re.search(r"^last +4 +mismatch", text, re.MULTILINE)
    assert "layer7 and 192 more agree." in text.replace("\n", " ")


def test_long_names_keep_their_beginning_and_their_end() -> None:
    block = MATCH.blocks[0]._replace(name="encoder.layers[11].attention.query.projection.weight")
    text = as_text(Report(blocks=(block,)))
    assert re.search(r"^encoder\.lay\S*\.\.\S*\.weight ", text, re.MULTILINE)
    short = as_text(Report(blocks=(block._replace(name="encoder.layers[11].weight"),)))
    assert re.search(r"^encoder\.layers\[11\]\.weight ", short, re.MULTILINE)


def test_what_cannot_be_said_is_left_out() -> None:
    """No tolerance where nothing was compared; no slopes where none was taken."""
    block = MATCH.blocks[0]._replace(
        verdict="mismatch", reason="is nan at [1]", worst_index=(1,), hand=np.nan, tolerance=None
    )
    witness = IndependentCheck("losses", "They differ by a constant.", 0.0, 0.0, None, None)
    text = as_text(Report(blocks=(block,), witness=witness))
    assert re.search(r"yours +nan\n +reference +\S+\n\nIndependent check: They differ", text)
    assert "Directional" not in text
    only_theirs = as_text(Report((block,), witness=witness._replace(reference_loss=Slope(1, 0.1))))
    assert "your loss" not in only_theirs
    assert "reference loss" in only_theirs


def caused(*causes: Cause) -> str:
    return str(Report(MISMATCH.blocks, causes=causes)).replace("\n    ", " ").replace("  ", " ")


def test_verdict_cause_and_fix_come_before_the_table() -> None:
    text = caused(CAUSE, CAUSE._replace(fix="w.mean()"))
    fixed = "With that fixed, the relative error drops from 0.5 to 2e-16."
    said = [
        "Mismatch: w is wrong",
        f"Cause: Your w is twice the reference. {fixed}",
        "Fix: w / 2.",
        f"Equally consistent with: Your w is twice the reference. {fixed}",
        "Fix: w.mean().",
        "block ",
        "w differs by",
    ]
    assert [text.index(part) for part in said] == sorted(text.index(part) for part in said)


def test_a_fix_that_cannot_mend_the_error_promises_nothing() -> None:
    lost = caused(CAUSE._replace(before=1e-7, residual=9e-8))
    assert "reference. The relative error is 1e-07. Fix:" in lost
    shaped = caused(CAUSE._replace(before=None))
    assert "reference. With that fixed, the relative error is 2e-16. Fix:" in shaped


def test_a_reason_with_a_subject_of_its_own_follows_a_colon() -> None:
    for report, said in ((INCONCLUSIVE, "b: the reference is zero"), (MISMATCH, "w differs by")):
        assert said in str(report)
        assert said in parsed(as_html(report)).text


def test_no_ratio_in_the_text_rounds_to_one() -> None:
    """A cosine and a norm within rounding of 1 say nothing; an error just too large is above 1."""
    block = MISMATCH.blocks[0]
    assert round(block.norm_ratio or 0, 4) == round(block.cosine or 0, 4) == 1
    table = str(Report((block._replace(share=1.004),)))
    assert re.search(r"^block +shape +verdict +abs error +rel error +err/tol$", table, re.MULTILINE)
    assert re.search(r"^w +4 +mismatch +1.8e-06 +1.0e-06 +>1$", table, re.MULTILINE)
    halved = str(Report((block._replace(norm_ratio=0.5),)))
    assert re.search(r"norms$", halved, re.MULTILINE)
    assert re.search(r"0\.5$", halved, re.MULTILINE)


def test_of_very_many_blocks_that_are_wrong_only_some_are_shown_in_detail() -> None:
    block = MISMATCH.blocks[0]
    blocks = tuple(block._replace(name=f"layer{i}") for i in range(MOST_DETAILED + 3))
    places = tuple(Note("where", f"layer{i}: it is wrong.") for i in range(MOST_PLACES + 2))
    pattern = (Note("unknown cause", "None is known."), *places, Note("ruled out", "Look there."))
    report = Report(blocks, pattern=pattern)
    for text in (str(report), parsed(as_html(report)).text):
        assert text.count("The worst entry") + text.count("    at [2]:") == MOST_DETAILED
        assert re.search(r"and 3 more.* the table", text)
        assert text.count("it is wrong.") == MOST_PLACES
        assert "2 more blocks are wrong." in text
        assert "Look there." in text
        assert f"layer{MOST_DETAILED + 2} " in text or f"layer{MOST_DETAILED + 2}4mismatch" in text
    few = str(Report(blocks[:MOST_DETAILED], pattern=pattern[: MOST_PLACES + 1]))
    assert "see the table" not in few
    assert "more blocks" not in few


def test_a_report_on_a_terminal_has_colours_and_on_an_ascii_stream_escapes() -> None:
    coloured = as_text(MISMATCH, Display(width=100, unicode=True, colour=True))
    assert coloured.startswith("\x1b[1;31mMismatch: w is wrong")
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured).replace("─", "-") == str(MISMATCH)
    ascii_only = as_text(MANGLED, Display(encoding="ascii"))
    assert ascii_only.isascii()
    assert "Warning: \\xdcn\\xefcode & more" in ascii_only


HOSTILE = "w\x1b[2J\u202e\ud800\x07"


def test_no_control_character_of_a_name_or_a_text_is_printed() -> None:
    block = MISMATCH.blocks[0]._replace(name=HOSTILE, reason=f"raises {HOSTILE}")
    note = Note("unknown cause", HOSTILE)
    cause = Cause("x", (HOSTILE,), HOSTILE, HOSTILE, 1.0, 0.0)
    report = Report(
        blocks=(block,),
        reference=HOSTILE,
        findings=(note._replace(kind=HOSTILE),),
        warnings=(note,),
        not_checked=(note,),
        causes=(cause,),
        pattern=(note, note),
        steps=(Step(HOSTILE, "mismatch", HOSTILE, 2.0, cause, HOSTILE),),
        witness=IndependentCheck("hand", HOSTILE, 1.0, 1.0, None, None),
        shares={HOSTILE: np.ones(3)},
    )
    hostile = HOSTILE, HOSTILE, [HOSTILE], HOSTILE
    for text in (str(report), repr(report), as_html(report), as_page(report, *hostile)):
        assert not {"\x1b", "\u202e", "\ud800", "\x07"} & set(text)
        assert r"w\x1b[2J\u202e\ud800\x07" in text
    assert json.loads(report.to_json())["blocks"][0]["name"] == HOSTILE


@given(st.text())
def test_text_that_is_printable_stays_as_it_is(text: str) -> None:
    shown = printable(text)
    assert printable(shown) == shown
    assert printable(text, "ascii").isascii()
    if text.isprintable():
        assert shown == text


def test_the_short_form_is_the_verdict() -> None:
    assert repr(MISMATCH) == "<Report: Mismatch: w is wrong; loss and b agree.>"


@pytest.mark.parametrize(("kind", "harms"), HARMFUL.items())
def test_a_match_passes_unless_a_finding_that_is_not_allowed_does_harm(
    kind: str, harms: bool
) -> None:
    found = replace(MATCH, findings=(Note(kind, "It does."),))
    assert MATCH.passed
    assert found.passed != harms
    assert [note.kind for note in found.harmful] == [kind] * harms
    assert replace(found, allowed=(kind,)).passed
    assert replace(found, allowed=tuple(set(HARMFUL) - {kind})).passed != harms


@pytest.mark.parametrize("report", [MISMATCH, INCONCLUSIVE])
def test_nothing_but_a_match_passes(report: Report) -> None:
    assert not report.passed
    assert not replace(report, allowed=tuple(HARMFUL)).passed


def test_a_finding_of_an_unknown_kind_does_harm() -> None:
    assert not replace(MATCH, findings=(Note("something new", "It does."),)).passed


def test_help_names_what_a_report_holds() -> None:
    assert Report.__doc__
    public = {*ReportData.__annotations__, "power", "verdict", "passed", "harmful"}
    assert public - {"measure", "remainders"} <= set(
        re.findall(r"^ +(\w+): ", Report.__doc__, re.MULTILINE)
    )


# JSON


@pytest.mark.parametrize("report", REPORTS)
def test_json_is_strict_and_says_what_the_report_says(report: Report) -> None:
    def refuse(token: str) -> None:
        raise AssertionError(f"the token {token} is no JSON")

    content = json.loads(report.to_json(), parse_constant=refuse)
    assert content == report.to_dict()
    assert content["schema"] == plain.SCHEMA == 2
    assert content["verdict"] == report.verdict
    assert [block["name"] for block in content["blocks"]] == [b.name for b in report.blocks]
    assert list(content["blocks"][0]) == list(Block._fields)
    assert content["passed"] == report.passed
    for name in ("warnings", "findings", "not_checked"):
        assert [note["kind"] for note in content[name]] == [n.kind for n in getattr(report, name)]
    assert content["harmful"] == [note.kind for note in report.harmful]
    assert content["allowed"] == list(report.allowed)
    assert (content["loss"] is None) == (report.loss is None)
    assert (content["witness"] is None) == (report.witness is None)


def test_numbers_that_are_not_finite_are_strings() -> None:
    content: Any = MANGLED.to_dict()
    block = content["blocks"][0]
    assert (block["share"], block["hand"], block["reference"]) == ("Infinity", "NaN", "-Infinity")
    assert block["shape"] == [10**6] * 3
    assert content["witness"]["hand_loss"] == {"value": "Infinity", "accuracy": 0.1}


def test_every_key_of_the_schema_is_documented() -> None:
    documented = set(re.findall(r"^    (\w+) {2,}\S", str(plain.__doc__), re.MULTILINE))
    assert documented == set(MATCH.to_dict())


# HTML


def everything_said(report: Report) -> list[str]:
    """The verdict, causes, fixes, reasons, notes and values of a report."""
    content: Any = report.to_dict()
    notes = [*content["findings"], *content["warnings"], *content["pattern"]]
    notes += content["not_checked"]
    said = [content["sentence"], content["reference"], *(note["text"] for note in notes)]
    for cause in content["causes"]:
        said += [cause["explanation"], f"Fix: {cause['fix']}."]
    for step in report.steps:
        said += [f"{step.name}, at {step.place}: not what"] if step.verdict == "mismatch" else []
    for block in report.quantities:
        said += [block.name, block.reason]
        if block.verdict != "match" and block.hand is not None:
            said += [f"{block.hand:.17g}", f"{block.reference:.17g}"]
    if report.witness is not None:
        said += [f"Independent check: {report.witness.explanation}", f"{report.witness.hand:.12g}"]
    return said


class Collected(HTMLParser):
    """Which tags open and close, and what is between them."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert all(name not in ("src", "href", "onload", "onclick") for name, _ in attrs)
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag != "meta":
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(html: str) -> Collected:
    collected = Collected()
    collected.feed(html)
    assert not collected.open
    return collected


@pytest.mark.parametrize("report", REPORTS)
def test_html_is_well_formed_loads_nothing_and_says_it_all(report: Report) -> None:
    html = vars(Report)["_repr_html_"](report)
    assert html == as_html(report)
    found = parsed(html)
    for said in everything_said(report):
        assert " ".join(said.split()) in " ".join(found.text.split())
    assert not {"script", "link", "img", "iframe", "b>"} & set(found.tags)
    whole = parsed(
        as_page(report, title="a < b", lead="1 < 2", called=["2 < 3"], problems=" problem  3 < 4")
    )
    assert whole.tags[:2] == ["html", "head"]
    assert whole.text.count("a < b") == 2
    for first, then in pairwise(("1 < 2", report.verdict.capitalize(), "2 < 3", " problem  3 < 4")):
        assert whole.text.index(first) < whole.text.index(then)


def test_a_page_tells_its_date_versions_and_machine() -> None:
    end = parsed(as_page(MATCH)).text[-200:]
    for said in (f"{date.today():%Y-}", "numpy 2", platform.python_version(), platform.machine()):
        assert said in end
    assert platform.machine() not in as_html(MATCH)


def test_a_version_that_nobody_installed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "PACKAGES", ("numpy", "no-such-package"))
    assert f"; numpy {np.__version__}, Python" in page.origin()


def test_there_is_one_map_for_every_wrong_block_that_can_be_compared() -> None:
    assert "<rect" not in as_html(MATCH)
    html = as_html(MISMATCH)
    assert html.count("<rect") == 4 + 5  # w and the legend
    (drawn,) = re.findall(r"<h3>w differs .*?</h3><figure>(.*?)</figure>", html)
    colours = re.findall(r'<rect [^>]*fill="(#\w+)"', drawn)
    assert colours[2] == colour_of(float(MISMATCH.shares["w"][2]))
    assert colours[2] not in (colours[0], colours[1], colours[3])


shares = st.floats(0, 1e30) | st.just(np.inf)


@given(shares, shares)
def test_a_larger_error_is_never_drawn_weaker(one: float, two: float) -> None:
    """Within the tolerance in blue, beyond it in orange; the stronger, the further from white."""

    def channels(share: float) -> list[int]:
        return [int(colour_of(share)[i : i + 2], 16) for i in (1, 3, 5)]

    small, large = sorted((one, two))
    if (small <= 1) == (large <= 1):
        assert sum(channels(small)) >= sum(channels(large))
    for share in (small, large):
        red, _green, blue = channels(share)
        assert (blue > red) == (share <= 1)


def test_a_large_block_is_reduced_to_the_worst_of_every_cell() -> None:
    table = np.zeros((1000, 3))
    table[777, 1] = 5.0
    cells = reduced(table)
    assert cells.shape == (MOST_CELLS, 3)
    assert cells.max() == 5.0
    assert np.count_nonzero(cells) == 1
    assert np.argmax(cells[:, 1]) == 777 * MOST_CELLS // 1000
    assert reduced(table.T).shape == (3, MOST_CELLS)
    small = np.arange(6.0).reshape(2, 3)
    assert np.array_equal(reduced(small), small)


@pytest.mark.parametrize(
    ("shape", "cells", "caption"),
    [
        ((), 1, "one number"),
        ((5,), 5, "5 entries"),
        ((2, 3), 6, "2 rows, 3 columns"),
        ((2, 3, 4), 24, "2 rows, 12 columns"),
        ((300, 3), 64 * 3, "300 rows, 3 columns; each cell is the worst of up to 5 by 1 entries"),
    ],
)
def test_a_map_says_what_its_cells_are(shape: tuple[int, ...], cells: int, caption: str) -> None:
    html = figure("<w>", np.zeros(shape))
    assert html.count("<rect") == cells
    assert parsed(html).text == f"<w>: error / tolerance is at most 0{caption}"
    box = [float(x) for x in re.findall(r"[\d.]+", re.findall(r'viewBox="(.*?)"', html)[0])]
    corners = [
        [float(x) for x in found]
        for found in re.findall(
            r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', html
        )
    ]
    assert max(x + width for x, _, width, _ in corners) == pytest.approx(box[2], rel=1e-4)
    assert max(y + height for _, y, _, height in corners) == pytest.approx(box[3], rel=1e-4)
