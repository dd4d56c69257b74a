"""The choice of the reference for a loss: PyTorch or NumPy, by value."""
