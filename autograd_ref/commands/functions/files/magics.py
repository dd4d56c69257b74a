"""Magics and shell lines, left out of a cell without moving a line."""

import re
import warnings

MAGIC = re.compile(r"^\s*(?:\w[\w, ]*=\s*)?(?:%{1,2}\w|!)|^\s*\?|\?\s*$")
"""A line of a magic or of the shell, also where its result gets a name, or one that asks for help;
Python takes some of these, inside a text or after an open bracket."""
RUNS = re.compile(r"^(\s*)%time\s+(?=\S)")
"""A magic that runs the rest of its line."""
OF_PYTHON = {"time", "capture", "prun", "python", "python3", "matplotlib"}
"""Magics of a whole cell that run it as Python; below others, as %%bash, nothing is bound."""


def without_magics(source: str) -> str:
    r"""The source of a cell with every line that is no Python replaced by `pass`.

    >>> without_magics("%matplotlib inline\nx = 1\n!pip install numpy")
    'pass\nx = 1\npass'
    >>> without_magics("%%time\nx = 1"), without_magics("%%bash\nls")
    ('pass\nx = 1', '')
    """
    first = source.lstrip()
    if first.startswith("%%") and re.split(r"\W", first[2:], maxsplit=1)[0] not in OF_PYTHON:
        return ""
    lines = source.split("\n")
    for _ in lines:  # in one round, one magic and the lines that continue it
        at = _not_python("\n".join(lines)) - 1
        if not 0 <= at < len(lines) or not MAGIC.search(lines[at]):
            break
        goes_on, lines[at] = lines[at].endswith("\\"), _left_out(lines[at])
        while goes_on and at + 1 < len(lines):
            at += 1
            goes_on, lines[at] = lines[at].endswith("\\"), ""
    return "\n".join(lines)


def _left_out(line: str) -> str:
    if RUNS.match(line):
        return RUNS.sub(r"\1", line.removesuffix("\\"))
    return line[: len(line) - len(line.lstrip())] + "pass"


def _not_python(source: str) -> int:
    """The first line that is no Python, from 1; 0 where all is, or none can be named."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _ = compile(source, "cell", "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:  # a zero byte was the second, and is now the first
        return getattr(error, "lineno", None) or 0
    return 0
