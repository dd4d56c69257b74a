"""`crosscheck check --explain`: how code is called, and an adapter to paste."""

import json
from collections.abc import Sequence

from autograd_ref.adapting.adapter import Adapted
from autograd_ref.commands.paragraphs import filled


def explained(one: Adapted, how: Sequence[str]) -> str:
    """The page, as text.

    Args:
        one: the adapter.
        how: how code is called, in paragraphs.
    """
    return "\n\n".join([*map(filled, how), f"The adapter:\n\n{one.source}"])


def explained_json(one: Adapted, how: Sequence[str]) -> str:
    """The content as strict JSON.

    Args:
        one: the adapter.
        how: how code is called, in paragraphs.
    """
    content = {
        "schema": 1,
        "entry": one.found.program.entry.name,
        "network": str(one.network),
        "called": [*how],
        "adapter": str(one.source),
    }
    return json.dumps(content, indent=2) + "\n"
