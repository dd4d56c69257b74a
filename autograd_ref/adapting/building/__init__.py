"""Statements that put networks together, and functions that make functions, as programs."""
