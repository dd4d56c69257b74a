"""Messages about code of the user's that cannot be run: the failure, and the way out."""
