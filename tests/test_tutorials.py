"""The tutorials hold beside their transcripts: the mended file matches, and pytest fails Ben's."""

from pathlib import Path

import pytest

from autograd_ref.commands import main
from tests.pages import the_block, write_files
from tests.pictures import MENDED, STUDENTS, TEACHERS, changed

pytest_plugins = ("pytester",)


def test_the_mended_network_of_the_students_matches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mended = changed(the_block(STUDENTS, "class MyNetwork").text, MENDED)
    assert (tmp_path / "my_network.py").write_text(mended, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["check", "my_network.py:MyNetwork", "--problems", "1"]) == 0
    assert "\nMatch: " in capsys.readouterr().out


@pytest.mark.parametrize(("submission", "failed"), [("ben", 1), ("anna", 0), ("", 0)])
def test_the_tests_of_the_teachers_run_on_a_submission(
    submission: str, failed: int, pytester: pytest.Pytester
) -> None:
    write_files(TEACHERS, pytester.path)
    command = "pytest test_course.py --submission submissions/ben.py"
    assert f"\n    {command}\n" in TEACHERS
    options = command.replace("ben", submission).split()[1 : None if submission else 2]
    done = pytester.runpytest_inprocess("-p", "no:cacheprovider", *options)
    if submission:
        done.assert_outcomes(passed=2 - failed, failed=failed)
    else:
        done.assert_outcomes(skipped=2)
