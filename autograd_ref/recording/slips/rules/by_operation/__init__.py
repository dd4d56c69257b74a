"""The kinds of wrong steps that belong to one kind of operation."""
