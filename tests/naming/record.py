"""The answers of a run in a file, so that it can be interrupted."""

import json
from pathlib import Path

from tests.naming.ask import Answer, Question


class Answers:
    """A file with a line for every answer."""

    def __init__(self, file: Path, *, resume: bool) -> None:
        self.file = file
        self.known: dict[Question, Answer] = {}
        file.parent.mkdir(parents=True, exist_ok=True)
        if not resume:
            _ = file.write_text("", encoding="utf-8")
        elif file.exists():
            for line in file.read_text(encoding="utf-8").splitlines():
                self._know(read(line))

    def add(self, answer: Answer) -> None:
        """Write one down."""
        self._know(answer)
        with self.file.open("a", encoding="utf-8") as out:
            fields = {**answer.question._asdict(), **answer._asdict()}
            del fields["question"]
            _ = out.write(f"{json.dumps(fields, ensure_ascii=False)}\n")

    def _know(self, answer: Answer) -> None:
        self.known[answer.question] = answer


def read(line: str) -> Answer:
    """Return the answer that a line has."""
    fields = json.loads(line)
    question = Question(
        fields.pop("model"), fields.pop("kind"), tuple(fields.pop("titles")), fields.pop("seed")
    )
    return Answer(question, **fields)
