"""Numerical derivatives of functions of one number, and of a loss entry by entry."""
