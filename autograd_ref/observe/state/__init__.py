"""The state of a function under test: what it keeps from call to call."""
