"""Quantities that a function returns beside its gradients, judged one step at a time."""
