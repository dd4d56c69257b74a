"""A loss as the operations that it is made of."""
