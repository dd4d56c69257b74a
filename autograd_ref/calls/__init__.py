"""One call of the function under test, and its answer as data."""
