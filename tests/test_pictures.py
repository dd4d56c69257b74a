"""The pictures of the tutorials show what their pages say, and are what the command draws."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from autograd_ref.commands.grade.results.figures import of_mistakes
from autograd_ref.commands.train.figures import as_bytes
from autograd_ref.report.html.maps import colour_of
from tests.pages import the_block, words
from tests.pictures import CLASS, DRAWN, PICTURES, STUDENTS, TEACHERS
from tests.thorough import by_profile

LARGEST = 60_000
"""Bytes that a page can load without anybody noticing. Chosen."""


def drawing(name: str) -> str:
    return (PICTURES / f"{name}.svg").read_text(encoding="utf-8")


def text_of(svg: str) -> str:
    """All text of a picture, with single spaces; glyphs drawn by matplotlib by its comments."""
    parser = ET.XMLParser(target=ET.TreeBuilder(insert_comments=True))
    texts = [node.text or "" for node in ET.fromstring(svg, parser).iter()]
    return " ".join(" ".join(texts).split())


@pytest.mark.parametrize("name", DRAWN)
def test_a_picture_is_small_loads_nothing_and_stands_on_a_page_with_its_text(name: str) -> None:
    svg = drawing(name)
    assert len(svg) < LARGEST
    assert text_of(svg)
    assert not re.findall(r"<script|@import|@font-face|(?:url\(|href=)\W*\w+:", svg)
    (alt,) = re.findall(rf"^!\[(.*)\]\(pictures/{name}\.svg\)$", STUDENTS + TEACHERS, re.MULTILINE)
    assert len(alt.split()) > 15


def test_no_other_pictures_are_there() -> None:
    assert {file.stem for file in PICTURES.iterdir()} == {*DRAWN}


def test_the_terminal_shows_what_the_page_shows() -> None:
    shown = the_block(STUDENTS, "check my_network.py --problems 2").text.partition("\n...")[0]
    assert " ".join(shown.split()) in text_of(drawing("terminal"))


def test_the_map_shows_the_hidden_unit_that_is_left_out() -> None:
    svg = drawing("report").partition("<figure>")[2].partition("</figure>")[0]
    wrong = [colour_of(float("inf")) in rectangle for rectangle in re.findall("<rect[^>]*>", svg)]
    assert wrong == [False] * 60 + [True] * 4
    assert "range(self.W1.shape[1] - 1)" in STUDENTS


def test_the_page_of_a_student_has_the_points_of_the_table() -> None:
    table = the_block(TEACHERS, "grade submissions --grading").text
    *got, mistake = re.split(r"\s{2,}", re.findall(r"^ben\.py .*$", table, re.MULTILINE)[0])
    most = re.split(r"\s{2,}", re.findall(r"^anna\.py .*$", table, re.MULTILINE)[0])[1:-1]
    of = [f"{mine} of {all_}" for mine, all_ in zip(got[1:], most, strict=True)]
    text = text_of(drawing("page"))
    assert f"{of[0]} points." in text
    for name, points in zip(("W0", "b0", "W1", "b1"), of[1:], strict=False):
        assert f"{name} {points} Wrong: {mistake}" in text
    assert f"behaviour {of[-1]} Right." in text


def test_the_plot_is_that_of_the_class() -> None:
    counts = [(kind, count) for kind, (count, _changes) in CLASS.items()]
    bars = " ".join([kind for kind, _count in counts[::-1]])
    shown = f"{bars} {' '.join(str(count) for _kind, count in counts[::-1])} What the class made"
    for svg in (drawing("mistakes"), as_bytes(of_mistakes(counts), "svg").decode()):
        assert shown in text_of(svg)
    (alt,) = re.findall(r"^!\[Bars for what the class made: (.*)\]", TEACHERS, re.MULTILINE)
    assert [int(n) for n in re.findall(r"\b\d+(?= )", alt)] == [count for _kind, count in counts]
    assert f"a class of {sum(count for _kind, count in counts)}" in TEACHERS


@pytest.mark.long
def test_a_picture_is_what_the_command_draws(tmp_path: Path) -> None:
    for name in [*DRAWN][: by_profile(dev=1, ci=1, thorough=len(DRAWN))]:
        (tmp_path / name).mkdir()
        assert words(text_of(DRAWN[name](tmp_path / name))) == words(text_of(drawing(name)))
