"""One thing taken for another on the way back: a factor, an index, a position."""
