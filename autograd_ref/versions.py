"""The versions of packages that a result may depend on; none of them is loaded for it."""

from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version


def installed(*packages: str) -> dict[str, str]:
    """Return the versions of those packages that are installed, by name."""
    found: dict[str, str] = {}
    for name in packages:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
