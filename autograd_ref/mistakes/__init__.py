"""The catalogue of mistakes: those of any gradient, and those of the assignment's network."""
