"""A thorough run runs what is long, goes on where it stopped, and leaves its results on record."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.thorough import CHANGED, Record, commit_of

CONFTEST = """
from pathlib import Path
from hypothesis import settings
from tests.thorough import Record, Thorough

settings.register_profile("few", max_examples=7, database=None)
settings.load_profile("few")

def pytest_configure(config):
    config.addinivalue_line("markers", "long: as in the suite")
    record = Record(Path("kept/record.jsonl"), "COMMIT")
    config.pluginmanager.register(Thorough(record, writes=not hasattr(config, "workerinput")))
"""

TESTS = """
import pytest
from hypothesis import given, strategies as st

def test_short():
    assert False

@pytest.mark.long
def test_long():
    pass

@given(st.integers(100))
def test_property(n):
    assert n >= LEAST
"""


def run(folder: Path, *, commit: str = "abc", least: int = 100) -> tuple[int, str]:
    _ = (folder / "conftest.py").write_text(CONFTEST.replace("COMMIT", commit), encoding="utf-8")
    _ = (folder / "test_it.py").write_text(TESTS.replace("LEAST", str(least)), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    here = {"PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **here}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout


def lines(folder: Path) -> list[dict[str, Any]]:
    text = (folder / "kept" / "record.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.untraced
def test_it_runs_what_is_long_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    status, text = run(tmp_path, least=101)
    assert status == 1, text
    long, failed = lines(tmp_path)
    assert (long["test"], long["result"]) == ("test_it.py::test_long", "passed")
    assert (failed["test"], failed["result"]) == ("test_it.py::test_property", "failed")
    assert "assert 100 >= 101" in failed["report"]
    assert "1 tests passed at abc, 1 failed" in text

    status, text = run(tmp_path)
    assert status == 0, text
    assert "1 passed, 2 deselected" in text
    (again,) = lines(tmp_path)[2:]
    assert again["test"] == "test_it.py::test_property"
    assert (again["commit"], again["result"], again["examples"]) == ("abc", "passed", 7)

    status, text = run(tmp_path)
    assert (status, len(lines(tmp_path))) == (0, 3)
    assert "2 tests passed at abc, 0 failed" in text


@pytest.mark.parametrize(("then", "now"), [("abc", "def"), (f"abc{CHANGED}", f"abc{CHANGED}")])
def test_what_passed_elsewhere_runs_again(then: str, now: str, tmp_path: Path) -> None:
    line = {"commit": then, "test": "test_it.py::test_long", "result": "passed"}
    record = tmp_path / "record.jsonl"
    _ = record.write_text(f"{json.dumps(line)}\n", encoding="utf-8")
    assert Record(record, now).passed() == set()
    assert Record(record, "abc").passed() == ({line["test"]} if then == "abc" else set())


def test_what_is_not_committed_shows(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=b"]
        done = subprocess.run(
            ["git", *who, *words], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    assert commit_of(tmp_path).endswith(CHANGED)
    _ = git("init")
    _ = (tmp_path / "file").write_text("one", encoding="utf-8")
    _ = git("add", "file")
    _ = git("commit", "-m", "one")
    assert commit_of(tmp_path) == git("rev-parse", "HEAD")
    _ = (tmp_path / "file").write_text("two", encoding="utf-8")
    assert commit_of(tmp_path) == git("rev-parse", "HEAD") + CHANGED


def test_every_test_whose_loop_is_by_profile_is_marked() -> None:
    for file in Path(__file__).parent.rglob("test_*.py"):
        text = file.read_text(encoding="utf-8")
        if file != Path(__file__) and ("by_profile" in text or "get_current_profile_name" in text):
            assert "pytest.mark.long" in text, file
