"""What is said where code of the user's cannot be run: what failed, and what to do."""
