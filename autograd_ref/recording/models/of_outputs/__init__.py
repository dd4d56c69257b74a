"""Mistakes in a Jacobian: in its rows, in its columns, and in steps of its derivation."""
