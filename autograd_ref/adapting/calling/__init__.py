"""Calls of somebody's code: the function, its arguments, and the place of the gradient."""
