"""The search for slips, and what is claimed of it."""
