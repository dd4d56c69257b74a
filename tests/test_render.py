"""A report as text, as JSON and as HTML: what is said, in what form, and that nothing is lost."""

import json
import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from autograd_ref import check_gradients
from autograd_ref.report.data import Block, IndependentCheck, Note, Slope
from autograd_ref.report.html import MOST_CELLS, as_html, as_page, colour_of, reduced
from autograd_ref.report.report import Report
from autograd_ref.report.text import MOST_MATCHING, SCHEMA, WIDTH, as_text

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
    warnings=(Note("square", "Ünïcode & more"),),
    witness=IndependentCheck(
        "hand", "It is " * 40, 1.0, np.nan, Slope(np.inf, 0.1), Slope(2.0, np.nan)
    ),
    shares={"é<b>": np.array(np.inf)},
)  # fmt: skip

REPORTS = [MATCH, MISMATCH, INCONCLUSIVE, MANGLED]


# text


@pytest.mark.parametrize(
    ("report", "sentence"),
    [
        (MATCH, r"Match: error / tolerance is at most \S+ \(1 allowed\), so that no"),
        (MISMATCH, r"Mismatch: w is wrong; loss and b agree\."),
        (INCONCLUSIVE, r"Inconclusive: b cannot be judged here; w agrees\."),
        (MANGLED, r"Mismatch: w+ is wrong; .* judged here; beside that, the function accum"),
    ],
)
def test_the_verdict_comes_first_in_one_sentence(report: Report, sentence: str) -> None:
    first = str(report).split("\n\n")[0].replace("\n", " ")
    assert re.match(sentence, first), first


@pytest.mark.parametrize("report", REPORTS)
def test_the_text_fits_80_columns_of_ascii(report: Report) -> None:
    text = str(report)
    assert text.isascii()
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
    assert "Who is wrong? The numerical derivatives of both losses agree with the" in text


def test_findings_warnings_and_the_reference_are_in_the_text() -> None:
    text = str(MANGLED).replace("\n    ", " ")
    assert "Finding: A <sentence> that goes on" in text
    assert "Warning: \\xdcn\\xefcode & more" in text
    assert "Held against autograd." in text
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
    assert re.search(r"yours +nan\n +reference +\S+\n\nWho is wrong", text)
    assert "Slopes" not in text
    only_theirs = as_text(Report((block,), witness=witness._replace(reference_loss=Slope(1, 0.1))))
    assert "your loss" not in only_theirs
    assert "reference loss" in only_theirs


# JSON


@pytest.mark.parametrize("report", REPORTS)
def test_json_is_strict_and_says_what_the_report_says(report: Report) -> None:
    def refuse(token: str) -> None:
        raise AssertionError(f"the token {token} is no JSON")

    content = json.loads(report.to_json(), parse_constant=refuse)
    assert content == report.to_dict()
    assert content["schema"] == SCHEMA == 2
    assert content["verdict"] == report.verdict
    assert [block["name"] for block in content["blocks"]] == [b.name for b in report.blocks]
    assert list(content["blocks"][0]) == list(Block._fields)
    assert [note["kind"] for note in content["warnings"]] == [n.kind for n in report.warnings]
    assert (content["loss"] is None) == (report.loss is None)
    assert (content["witness"] is None) == (report.witness is None)


def test_numbers_that_are_not_finite_are_strings() -> None:
    content: Any = MANGLED.to_dict()
    block = content["blocks"][0]
    assert (block["share"], block["hand"], block["reference"]) == ("Infinity", "NaN", "-Infinity")
    assert block["shape"] == [10**6] * 3
    assert content["witness"]["hand_loss"] == {"value": "Infinity", "accuracy": 0.1}


def test_every_key_of_the_schema_is_documented() -> None:
    from autograd_ref.report import text as render

    assert render.__doc__ is not None
    documented = set(re.findall(r"^    (\w+) {2,}\S", render.__doc__, re.MULTILINE))
    assert documented == set(MATCH.to_dict())


# HTML


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
def test_html_is_well_formed_loads_nothing_and_holds_the_text(report: Report) -> None:
    assert getattr(report, "_repr_html_")() == as_html(report)  # noqa: B009 - private to pyright
    found = parsed(as_html(report))
    assert str(report) in found.text
    assert not {"script", "link", "img", "iframe", "b>"} & set(found.tags)
    page = parsed(as_page(report, title="a < b"))
    assert page.tags[:2] == ["html", "head"]
    assert page.text.count("a < b") == 2


def test_there_is_one_map_for_every_block_that_can_be_compared() -> None:
    html = as_html(MISMATCH)
    assert parsed(html).tags.count("figure") == 2
    assert html.count("<rect") == 4 + 1 + 5  # w, b and the legend
    (figure,) = re.findall(r"<figure>.*?<b>w</b>.*?</figure>", html)
    colours = re.findall(r'<rect [^>]*fill="(#\w+)"', figure)
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
