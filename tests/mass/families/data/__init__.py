"""Losses of statistics."""
