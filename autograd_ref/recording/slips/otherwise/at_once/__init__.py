"""Changes of a loss at several operations at once."""
