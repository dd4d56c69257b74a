"""A claim in the words of a teacher who has the loss in front of him."""
