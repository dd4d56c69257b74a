"""Call a function of the built-in network as it wants to be called."""

from autograd_ref.assignment.conventions import Convention, adapter

__all__ = ["Convention", "adapter"]
