"""Gradients that other systems derive."""
