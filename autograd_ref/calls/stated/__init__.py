"""Wishes of the caller about a check: an accuracy, places and blocks."""
