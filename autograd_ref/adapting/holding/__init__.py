"""Where parameters are, and in which shapes."""
