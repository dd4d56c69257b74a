"""Tables as text: aligned, ruled, plain in a pipe and in colour on a terminal."""

import io
import re

import pytest

from autograd_ref.report.table import PLAIN, Display, coloured, display_of, shortened, table

HEADER = ("name", "verdict", "error")
ROWS = [("W0", "match", "1e-16"), ("encoder.layers.0.weight", "mismatch: 3 of 4", "0.5")]


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    return Terminal()


def test_names_are_on_the_left_and_numbers_on_the_right() -> None:
    assert table(HEADER, ROWS, numbers=[2]).splitlines() == [
        "name                     verdict           error",
        "------------------------------------------------",
        "W0                       match             1e-16",
        "encoder.layers.0.weight  mismatch: 3 of 4    0.5",
    ]


def test_a_table_without_rows_has_its_header() -> None:
    assert table(HEADER, []) == "name  verdict  error\n--------------------"


def test_cells_may_have_several_lines() -> None:
    assert table(("quantity\n(shape)", "value"), [("W0\n(5, 4)", "1\n2")]).splitlines() == [
        "quantity",
        "(shape)   value",
        "---------------",
        "W0        1",
        "(5, 4)    2",
    ]


@pytest.mark.parametrize("width", range(20, 60))
def test_what_is_too_wide_loses_the_middle_of_its_names_and_no_number(width: int) -> None:
    lines = table(HEADER, ROWS, numbers=[2], display=Display(width)).splitlines()
    needed = 8 + len("mismatch: 3 of 4") + len("1e-16") + 2
    assert max(map(len, lines)) <= max(width, needed)
    assert re.fullmatch(r"en.*ght +mismatch: 3 of 4 +0\.5", lines[3])
    assert (".." in lines[3]) == (width < len("encoder.layers.0.weight") + needed - 8)


def test_a_stream_gets_the_characters_that_its_encoding_has(terminal: Terminal) -> None:
    name = [("größe", "match", "1")]
    assert "größe" in table(HEADER, name)
    ascii_only = display_of(io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert ascii_only == PLAIN._replace(encoding="ascii")
    assert "gr\\xf6\\xdfe" in table(HEADER, name, display=ascii_only)
    assert table(HEADER, name, display=ascii_only).isascii()
    shown = table(HEADER, name, display=display_of(terminal))
    assert "größe" in shown
    assert "────" in shown
    assert coloured("Match: größe", ascii_only) == "Match: gr\\xf6\\xdfe"


def test_no_escape_sequence_of_a_name_reaches_a_terminal(terminal: Terminal) -> None:
    for display in (PLAIN, display_of(terminal)):
        assert "\x1b]0;" not in table(("a", "b"), [("\x1b]0;title\x07", "1")], display=display)
        assert "\x1b]0;" not in coloured("Match: \x1b]0;title\x07", display)


def test_wide_characters_stay_aligned() -> None:
    lines = table(("a", "b"), [("重み", "1"), ("w", "2")], display=Display(unicode=True)).split(
        "\n"
    )
    assert [lines[2], lines[3]] == ["重み  1", "w     2"]


def test_verdicts_have_their_colour_and_names_have_none(terminal: Terminal) -> None:
    display = display_of(terminal)
    assert display.colour
    shown = table(HEADER, [("match", "match", "1"), ("b", "mismatch: b", "1")], display=display)
    assert shown.count("\x1b[32mmatch") == 1
    assert "\x1b[1;31mmismatch: b" in shown
    assert coloured("Inconclusive: zero.", display) == "\x1b[33mInconclusive: zero.\x1b[0m"
    assert coloured("Nothing found.", display) == "Nothing found."


def test_markup_of_a_name_is_text(terminal: Terminal) -> None:
    for display in (PLAIN, display_of(terminal)):
        assert "[bold]w[/bold]" in table(
            ("a", "b"), [("[bold]w[/bold]", "[red]1")], display=display
        )
        assert "[red]1" in table(("a", "b"), [("w", "[red]1")], display=display)


def test_long_texts_are_not_broken(terminal: Terminal) -> None:
    text = "Match: " + 50 * "agrees "
    for display in (PLAIN, display_of(terminal)):
        assert "\n" not in coloured(text, display)


@pytest.mark.parametrize("variable", ["NO_COLOR", "TERM"])
def test_there_is_no_colour_where_none_is_wanted(
    variable: str, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "dumb")
    assert "\x1b" not in table(HEADER, ROWS, display=display_of(terminal))


def test_the_width_is_the_terminals_and_80_elsewhere(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "123")
    assert display_of(terminal).width == 123
    assert display_of(io.StringIO()) == PLAIN == Display(80, unicode=False, colour=False)


@pytest.mark.parametrize("most", range(3, 12))
def test_a_shortened_name_keeps_its_ends(most: int) -> None:
    short = shortened("0123456789", most)
    assert len(short) == min(most, 10)
    assert short[-1] == "9"
    assert (".." in short) == (most < 10)
