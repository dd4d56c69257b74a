"""The reference of a comparison: a loss in PyTorch or NumPy, differentiated."""
