"""One pass of somebody's own loop, as a function that can be called."""
