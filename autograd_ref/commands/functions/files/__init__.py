"""A user's file or notebook, run as far as it can be, and what is said of the rest."""
