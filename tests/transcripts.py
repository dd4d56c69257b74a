"""python -m tests.transcripts [PAGE ...]: write into the pages what their examples print now."""

import sys
import tempfile
from pathlib import Path

from tests.pages import PAGES, ROOT, as_shown, outputs


def rewritten(page: str, folder: Path) -> str:
    """The page with the output of every block that was run."""
    for output in reversed(list(outputs(page, folder))):
        place = output.block.place
        page = page[: place.start] + as_shown(output) + page[place.stop :]
    return page


if __name__ == "__main__":
    for name in sys.argv[1:] or PAGES:
        path = ROOT / name
        with tempfile.TemporaryDirectory() as folder:
            _ = path.write_text(rewritten(path.read_text("utf-8"), Path(folder)), encoding="utf-8")
