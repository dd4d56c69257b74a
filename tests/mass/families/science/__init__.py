"""Losses of statistics, numerics and physics, and the edges of what a number format holds."""
