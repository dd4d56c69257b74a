"""Nests of arrays, their number formats, and the point at which a gradient is checked."""
