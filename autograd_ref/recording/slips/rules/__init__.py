"""The kinds of wrong steps, by what they need and where they are made."""
