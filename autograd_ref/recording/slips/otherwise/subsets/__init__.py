"""Other rows of an array than those that the loss takes."""
