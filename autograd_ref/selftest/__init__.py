"""Measured detection and false-alarm rates of this installation."""
