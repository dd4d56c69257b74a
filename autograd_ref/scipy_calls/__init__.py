"""Calls of SciPy's solvers as they are written, and the derivatives that are given in them."""
