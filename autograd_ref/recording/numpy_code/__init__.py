"""The code of a loss in NumPy, as that of one of tensors."""
