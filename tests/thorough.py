"""The thorough profile: long runs that can be interrupted, with what they found on record.

    pytest --hypothesis-profile=thorough -n auto

runs the properties and the tests marked `long`, nothing else. As each ends, a line about it goes to
.thorough/record.jsonl: date, commit, test, examples, seconds, result, and the report of a failure.
The same command goes on where a run was interrupted: what passed at this commit is not run again.
Where tracked files differ from the commit, everything is.
"""

import json
import re
import subprocess
from collections.abc import Generator, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import is_hypothesis_test, settings

RECORD = ".thorough/record.jsonl"
CHANGED = "-changed"

T = TypeVar("T")


def by_profile(*, dev: T, ci: T, thorough: T) -> T:
    """Return the size of a test in this profile; such a test is to be marked `long`."""
    return {"ci": ci, "thorough": thorough}.get(settings.get_current_profile_name(), dev)


def one_in(count: int, cases: Iterable[T]) -> list[T]:
    """Return one case in so many, and all in the thorough profile; for a test marked `long`.

    Of cases that are a product of choices, the few have every choice in them where count has no
    divisor in common with the number of choices of any kind but the first.

    Examples:
        >>> one_in(3, [(a, b) for a in "xyz" for b in "12"])
        [('x', '1'), ('y', '2')]
    """
    return [*cases][:: by_profile(dev=count, ci=count, thorough=1)]


def commit_of(folder: Path) -> str:
    """Return the commit checked out, marked where tracked files differ from it."""
    command = ["git", "describe", "--always", "--exclude=*", "--abbrev=40", f"--dirty={CHANGED}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout.strip() or f"unknown{CHANGED}"


def is_long(item: pytest.Item) -> bool:
    """Tell whether the thorough profile runs this test."""
    of_hypothesis = isinstance(item, pytest.Function) and is_hypothesis_test(item.obj)
    return of_hypothesis or item.get_closest_marker("long") is not None


class Record:
    """A file with a line for every test that ended, in any run."""

    def __init__(self, file: Path, commit: str) -> None:
        self.file, self.commit = file, commit

    def results(self) -> dict[str, str]:
        """Return the last result of every test at this commit."""
        lines = self.file.read_text(encoding="utf-8").splitlines() if self.file.exists() else []
        ended = [json.loads(line) for line in lines]
        return {one["test"]: one["result"] for one in ended if one["commit"] == self.commit}

    def passed(self) -> set[str]:
        """Return the tests that need not run again."""
        if self.commit.endswith(CHANGED):
            return set()
        return {test for test, result in self.results().items() if result == "passed"}

    def add(self, report: pytest.TestReport) -> None:
        """Write the line of a test that ended."""
        line = {
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "commit": self.commit,
            "test": report.nodeid,
            **dict(report.user_properties),
            "seconds": round(report.duration, 1),
            "result": report.outcome,
            **({"report": report.longreprtext} if report.failed else {}),
        }
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a", encoding="utf-8") as file:
            _ = file.write(f"{json.dumps(line)}\n")


class Thorough:
    """The plugin: registered in every process of a run, it writes in one."""

    def __init__(self, record: Record, *, writes: bool) -> None:
        self.record, self.writes = record, writes

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Keep what is long and has not passed."""
        passed = self.record.passed()
        left = [item for item in items if is_long(item) and item.nodeid not in passed]
        config.hook.pytest_deselected(items=[item for item in items if item not in left])
        items[:] = left

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Let the report carry how many examples Hypothesis tried."""
        report = yield
        statistics = str(getattr(item, "hypothesis_statistics", ""))
        if counts := re.findall(r"(\d+) passing(?: examples?)?, (\d+) failing", statistics):
            report.user_properties.append(("examples", sum(int(n) for c in counts for n in c)))
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write what ended: a call, or a set-up or a clearing away that failed."""
        if self.writes and (report.when == "call" or report.failed):
            self.record.add(report)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say how far it is."""
        results = [*self.record.results().values()]
        terminalreporter.write_line(
            f"thorough: {results.count('passed')} tests passed at {self.record.commit},"
            f" {results.count('failed')} failed; on record in {self.record.file}"
        )

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Nothing left to run is no failure."""
        if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and self.record.passed():
            session.exitstatus = pytest.ExitCode.OK
