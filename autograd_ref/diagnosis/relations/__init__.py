"""Mistakes that can be made in any gradient."""
