"""Measure how many wrong backward passes are named: `python -m tests.wrong_operations`.

Arguments are parts of names of operations; --texts prints what is said of each.
"""

import sys
import time
from collections.abc import Iterator, Mapping

from autograd_ref import check_backward
from autograd_ref.report.report import Report
from tests.wrong_operations import apart, layers, losses, norms, sequences
from tests.wrong_operations.case import Case, kernel

TUNED: Mapping[str, Case] = {**norms.CASES, **sequences.CASES, **losses.CASES, **layers.CASES}


def reports(cases: Mapping[str, Case], some: list[str]) -> Iterator[tuple[str, str, Report]]:
    """The report on each wrong backward pass, with the operation and what is wrong."""
    for name, case in cases.items():
        if some and not any(part in name for part in some):
            continue
        for what, backward in case.wrong.items():
            function = kernel(case.reference, backward)
            given = case.inputs
            yield (
                name,
                what,
                check_backward(function, case.reference, *given, declared=case.declared),
            )


def is_named(report: Report) -> bool:
    """Return whether every wrong block has a cause."""
    unknown = any(note.kind == "unknown cause" for note in report.pattern)
    return bool(report.causes) and not unknown


def has_property(report: Report) -> bool:
    """Return whether something true is said of a gradient without a cause."""
    return any(note.kind in ("rows", "not linear") for note in report.pattern)


def main(arguments: list[str]) -> None:
    """Print the figures, and with --texts the causes."""
    some = [a for a in arguments if not a.startswith("-")]
    for title, cases in (("tuned on", TUNED), ("not tuned on", apart.CASES)):
        named = told = count = 0
        begin = time.process_time()
        for name, what, report in reports(cases, some):
            count += 1
            named += is_named(report)
            told += has_property(report) and not is_named(report)
            if "--texts" in arguments or not is_named(report):
                said = [cause.explanation for cause in report.causes] or [report.verdict]
                _ = sys.stdout.write("\n    ".join([f"{name}: {what}", *said]) + "\n")
        seconds = (time.process_time() - begin) / max(1, count)
        _ = sys.stdout.write(
            f"{title}: {named} of {count} named, {told} more with a property, {seconds:.2f} s\n"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
