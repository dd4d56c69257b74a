"""A gradient outside of all that a kink allows: a mixture of the gradients beside it."""
