"""The examples of the pages run, and print what the pages show."""

import re
import subprocess
from pathlib import Path

import pytest

from autograd_ref.assignment.mistakes.planted import PLANTED
from autograd_ref.commands import main
from autograd_ref.selftest import measured, smallest_error
from autograd_ref.selftest.other_models import OTHER_MODELS
from autograd_ref.verdict.rows import QUANTITY
from tests.pages import PAGES, PROMPT, ROOT, as_shown, blocks, outputs, run_tests, the_block, words
from tests.transcripts import rewritten
from tests.undiagnosed import undiagnosed

MARKS = {"", "continues", "file", "pytest", "long", "ci"}


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def differences(page: str, folder: Path) -> list[tuple[str, str]]:
    """The outputs whose words differ: as the page shows them, and as they are printed."""
    found = ((output.block.text, as_shown(output)) for output in outputs(page, folder))
    return [(shown, printed) for shown, printed in found if words(shown) != words(printed)]


@pytest.mark.untraced
@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_a_page_run_and_print_what_it_shows(page: str, tmp_path: Path) -> None:
    assert differences(text_of(page), tmp_path) == []


SMALL = """
```python
print("first paragraph", 1)
print("\\nsecond is right\\n\\nthird")
```

```text
first paragraph {figure}

second is {word}
...
```
"""


def test_an_output_that_is_not_the_one_shown_is_noticed(tmp_path: Path) -> None:
    assert differences(SMALL.format(figure=2, word="right"), tmp_path) == []
    ((_shown, printed),) = differences(SMALL.format(figure=1, word="wrong"), tmp_path)
    assert printed.endswith("second is right\n...\n")


def test_transcripts_are_rewritten_but_for_what_they_leave_out(tmp_path: Path) -> None:
    right = SMALL.format(figure=1, word="right")
    assert rewritten(SMALL.format(figure=2, word="wrong"), tmp_path) == right
    whole = rewritten(right.replace("...\n", ""), tmp_path)
    assert whole == right.replace("...\n", "\nthird\n")
    gone = right.replace("\nsecond is right\n...", "\nsomething else\n...")
    assert "something" not in rewritten(gone, tmp_path)
    assert differences(gone, tmp_path)


def test_a_block_goes_on_with_names_only_where_it_says_so(tmp_path: Path) -> None:
    page = "```python\nx = 1\n```\n\n{}```python\nprint(x)\n```\n"
    assert differences(page.format("<!-- continues -->\n"), tmp_path) == []
    with pytest.raises(NameError):
        _ = differences(page.format(""), tmp_path)


@pytest.mark.untraced
def test_the_example_of_pytest_can_fail(tmp_path: Path) -> None:
    code = the_block(text_of("README.md"), "def test_my_gradient(check_gradients)").text
    with pytest.raises(AssertionError, match=r"Mismatch: \w+ is wrong"):
        run_tests(code.replace("np.cos", "np.sin"), tmp_path)


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_run_or_says_why_not(page: str) -> None:
    for block in blocks(text_of(page)):
        run = block.language in {"python", "text", "console", "sh"}
        assert run or block.mark.startswith("file: ")
        assert block.mark.partition(": ")[0] in MARKS
        assert block.language != "sh" or block.mark == "long" or block.mark.startswith("ci: ")
    assert text_of(page).count("\n```") == 2 * len(blocks(text_of(page)))


def test_only_the_selftest_is_marked_as_long() -> None:
    every = [block for page in PAGES for block in blocks(text_of(page)) if block.language != "sh"]
    first = [block.text.partition("\n")[0] for block in every if block.mark == "long"]
    assert first == [f"{PROMPT} selftest --problems 100"]


@pytest.mark.untraced
def test_the_selftest_prints_what_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """At a smaller size; but for the figures, and for what is in the list of confusions."""
    monkeypatch.setattr(measured, "PAIRS", 1)
    monkeypatch.setattr(measured, "RIGHT", 1)
    monkeypatch.setattr(measured, "OTHER_MODELS", OTHER_MODELS[:1])
    monkeypatch.setattr(measured, "planted_in", lambda _dtype: PLANTED[:1])
    monkeypatch.setattr(smallest_error, "check_gradients", undiagnosed)
    page = text_of("autograd_ref/assignment/mistakes/README.md")
    shown = the_block(page, "crosscheck selftest").text.split("Injected mistakes", maxsplit=1)[0]
    assert main(["selftest", "--problems", "1"]) in (0, 1)
    promised = words(shown.partition("\nmeasured ")[2])
    found = words(capsys.readouterr().out.partition("\nmeasured ")[2])
    assert promised
    assert promised == found[: len(promised)]


def marked(page: Path, step: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", str(ROOT / ".ci" / "marked"), str(page), step]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("step", ["install and run", "test"])
def test_ci_reads_the_marked_command_of_the_readme(step: str) -> None:
    assert f'"{step}"' in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    done = marked(ROOT / "README.md", step)
    (block,) = [block for block in blocks(text_of("README.md")) if block.mark == f"ci: {step}"]
    assert (done.returncode, done.stdout) == (0, block.text)
    assert block.text.count("\n") == 1


def test_ci_fails_where_a_mark_is_missing(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    _ = page.write_text(text_of("README.md").replace("<!-- ci: test -->\n", ""), encoding="utf-8")
    done = marked(page, "test")
    assert (done.returncode, done.stdout) == (1, "")
    assert "has no sh block under <!-- ci: test -->" in done.stderr


def test_the_readme_has_a_line_for_every_reason_to_be_inconclusive() -> None:
    """One for each row of the table, in its order, and one for a reference that is at fault.

    Lost digits have two rows: one where they are seen to be lost, one where they scatter.
    """
    section = text_of("README.md").split("## What the verdicts mean")[1].split("\n## ")[0]
    rows = [row for row in QUANTITY if row.verdict == "inconclusive"]
    assert len(re.findall(r"^- ", section, re.MULTILINE)) == len(rows)


def test_the_readme_is_a_page() -> None:
    assert text_of("README.md").count("\n") <= 200


@pytest.mark.parametrize("page", [*PAGES, "CHANGELOG.md"])
def test_every_link_leads_to_a_file(page: str) -> None:
    links = re.findall(r"\]\(([^)#]+)", text_of(page))
    local = [link for link in links if not link.startswith("https://")]
    assert [link for link in local if not (ROOT / page).parent.joinpath(link).exists()] == []
