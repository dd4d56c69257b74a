"""The findings of a run in files, so that it can be interrupted and they can be repeated."""

import json
from dataclasses import asdict
from pathlib import Path

from tests.mass.examine import TO_LOOK_AT, Check, Outcome


def again(check: Check) -> str:
    """The command that repeats this problem alone."""
    injected = " --injected" if check.injected else ""
    return f"python -m tests.mass{injected} --only {check.family} --seed {check.seed} --problems 1"


class Findings:
    """A file with a line for every check, and one beside it for those to look at."""

    def __init__(self, file: Path, *, resume: bool) -> None:
        self.file, self.to_look_at = file, file.with_name(f"{file.stem}-to-look-at.jsonl")
        self.outcomes: dict[Check, Outcome] = {}
        file.parent.mkdir(parents=True, exist_ok=True)
        if not resume:
            for each in (self.file, self.to_look_at):
                _ = each.write_text("", encoding="utf-8")
        elif file.exists():
            for line in file.read_text(encoding="utf-8").splitlines():
                fields = json.loads(line)
                outcome = Outcome(Check(**fields.pop("check")), **fields)
                self.outcomes[outcome.check] = outcome

    def add(self, outcome: Outcome) -> None:
        """Write one down."""
        self.outcomes[outcome.check] = outcome
        self.append(self.file, asdict(outcome))
        if outcome.result in TO_LOOK_AT:
            self.append(self.to_look_at, {**asdict(outcome), "again": again(outcome.check)})

    @staticmethod
    def append(file: Path, line: dict[str, object]) -> None:
        """Add a line to a file."""
        with file.open("a", encoding="utf-8") as out:
            _ = out.write(f"{json.dumps(line)}\n")
