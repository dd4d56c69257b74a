"""Code as it stands in a file: its network, how it is called, the problems for it."""
