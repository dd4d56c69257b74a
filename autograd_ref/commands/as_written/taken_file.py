"""The gradient of a file as it stands, for tests that call it themselves."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autograd_ref.adapting.adapted import is_built_in
from autograd_ref.adapting.adapter import Adapted
from autograd_ref.commands.as_written.find_adapter import AskedFor, find_adapter
from autograd_ref.commands.as_written.whole_files import opened
from autograd_ref.commands.functions.file_alone import load_gradient
from autograd_ref.commands.functions.importing import UserCodeError
from autograd_ref.commands.functions.world import in_their_world
from autograd_ref.networks.architecture import Architecture
from autograd_ref.networks.choosing import architecture


def taken(spec: str, start: Path, network: Architecture) -> Adapted:
    """The gradient of a file, `FILE:NAME` or `package.module:name`, as gradients(parameters, X, Y).

    Args:
        spec: what is meant.
        start: the folder in which the file is looked for.
        network: the one that is meant, of any sizes.

    Raises:
        UserCodeError: it cannot be taken; said as `crosscheck check` says it.
    """
    try:
        code = opened(spec, start, None)
        one = find_adapter(code, spec, AskedFor(network, (), {})).adapter
    except UserCodeError:
        if is_built_in(network):
            _ = load_gradient(spec, start)
        raise
    return one._replace(function=in_their_world(one.function, code.path))


def taken_or_said(spec: str, start: Path, choices: Mapping[str, Any]) -> Adapted | str:
    """The gradient of a file, or what `crosscheck check` prints where it cannot be taken.

    Args:
        spec: what is meant.
        start: the folder in which the file is looked for.
        choices: the keywords of `architecture`.
    """
    try:
        return taken(spec, start, architecture((5, 7, 2), **choices))
    except UserCodeError as error:
        return f"{error.trace}crosscheck: {error}"
