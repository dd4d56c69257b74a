"""The arguments of a call, filled in."""
