"""Losses of numerics and physics."""
