"""Parameters that are given to functions, as their arguments."""
